import Foundation
import TestSupport
import Testing

/// Workers killed, stopped, cut off, leaving and joining, the coordinator killed: the weights stay.
///
/// `make chaos` runs the long one: MARTLET_CHAOS_MINUTES, _SEED, _KIND, _EVERY, _STEPS, _EXPECTED, _JSON
/// and _KEEP say how.
@Suite(
  .serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"),
  .enabled(if: Laboratory.obstacle == nil, Comment(rawValue: Laboratory.obstacle ?? "")))
struct ChaosTests {
  static let asked = ProcessInfo.processInfo.environment["MARTLET_CHAOS_MINUTES"]

  /// Steps of some tens of milliseconds with everything in it that could differ between worlds.
  static func job(steps: Int) -> String {
    """
    recipe: segment
    data: { world: scenes, size: 44, imageSize: 64, validation: 8, test: 8, heldout: 8 }
    batch: 16
    replicas: 8
    steps: \(steps)
    seed: 7
    options: { width: 8, levels: 2, dropout: 0.1 }
    checkpoint: { everySteps: 100, keep: 2 }

    """
  }

  @Test(.enabled(if: asked == nil, "the long one is asked for"))
  func `some seconds of chaos change nothing but the time`() throws {
    let job = Self.job(steps: 150)
    let expected = try digestAlone(job)
    let plan = ChaosPlan(seed: 3, seconds: 600, gap: 1.5...3, workers: 2...4)
    let report = try ChaosReport(
      try ChaosRun(job: job, workers: 3, plan: plan, seconds: 300), expected: expected)
    #expect(report.isDigestEqual, "\(report.text)")
    #expect(report.stepsAmiss == [], "\(report.text)")
    #expect(report.steps == 150)
    #expect(report.incidents.count >= 3, "the job was over too soon: \(report.text)")
  }

  @Test(.enabled(if: asked != nil, "make chaos"))
  func `a long time of chaos`() throws {
    let environment = ProcessInfo.processInfo.environment
    func setting(_ name: String) -> String? {
      environment["MARTLET_CHAOS_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
    }
    let minutes = try #require(Self.asked.flatMap { Double($0) })
    let seed = try #require(UInt64(setting("SEED") ?? "1"))
    let every = setting("EVERY").flatMap { Double($0) }
    #expect((every == nil) == (setting("EVERY") == nil), "EVERY is a number of seconds")
    let kinds = try setting("KIND").map { name in
      [try #require(ChaosPlan.Kind(rawValue: name), "KIND is one of \(ChaosPlan.Kind.allCases)")]
    }
    let plan = ChaosPlan(
      seed: seed, seconds: minutes * 600, gap: every.map { $0...$0 } ?? 5...10, workers: 2...5,
      kinds: kinds ?? ChaosPlan.Kind.allCases)
    let steps =
      try setting("STEPS").map { try #require(Int($0), "STEPS is a number") }
      ?? Int(minutes * 60 / Self.secondsPerStep(workers: 4))
    let job = Self.job(steps: steps)
    let expected =
      try setting("EXPECTED")
      ?? digestAlone(job, threads: ProcessInfo.processInfo.activeProcessorCount)
    print("\(steps) steps, SHA-256 of the undisturbed run's weights \(expected)")
    let report = try ChaosReport(
      try ChaosRun(
        job: job, workers: 4, plan: plan, seconds: minutes * 240 + 120, keepingIn: setting("KEEP")),
      expected: expected)
    print(report.text)
    if let path = setting("JSON") {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(report).write(to: URL(filePath: path))
    }
    #expect(report.isDigestEqual)
    #expect(report.stepsAmiss == [])
    #expect(!report.incidents.isEmpty, "the training was over before the first event")
  }

  @Test func `a plan is the same for the same seed and leaves a worker alone`() {
    func plan(_ seed: UInt64) -> ChaosPlan {
      ChaosPlan(seed: seed, seconds: 3_600, gap: 5...10, workers: 2...5)
    }
    #expect(plan(1).events.map(\.action) == plan(1).events.map(\.action))
    #expect(plan(1).events.map(\.action) != plan(2).events.map(\.action))
    #expect(Set(plan(1).events.compactMap(\.kind)) == Set(ChaosPlan.Kind.allCases))
    var troubled: Set<Int> = []
    for event in plan(1).events {
      switch event.action {
      case .kill(let host), .pause(let host), .hang(let host), .leave(let host),
        .isolate(let host):
        #expect(troubled.insert(host).inserted)
      case .cut(let host, let other):
        #expect(troubled.insert(host).inserted)
        #expect(troubled.insert(other).inserted)
      case .start(let host), .resume(let host), .replace(let host), .rejoin(let host):
        #expect(troubled.remove(host) != nil)
      case .mend(let host, let other): troubled.subtract([host, other])
      case .killCoordinator, .startCoordinator: break
      }
      #expect(troubled.count < 4)
    }
  }

  /// What a step of the job takes on this machine: the difference of a longer and a shorter run.
  private static func secondsPerStep(workers: Int) throws -> Double {
    func seconds(_ steps: Int) throws -> Double {
      try withTemporaryFolder { folder in
        let began = Date()
        let run = try Program.run(
          [
            "run", try write(job: job(steps: steps), in: folder), "--workers", "\(workers)",
            "--threads", "1", "--output", "\(folder)/run",
          ], in: folder)
        guard run.status == 0 else { throw TookTooLong(what: run.errors) }
        return Date().timeIntervalSince(began)
      }
    }
    return max(0.001, (try seconds(60) - seconds(10)) / 50)
  }
}
