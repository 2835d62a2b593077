import Coordination
import Foundation
import Messages
import Testing

/// Scripts with transcripts: lines without indent are commands, indented ones what followed.
/// `RECORD=1` rewrites them and fails; read the difference before you commit it.
///
///     join a threads=2 memory=100 core=zen probe=p1     silence a          kill a        leave a
///     submit NAME replicas=4 workers=2 rebalance=yes               cancel j1          restart       advance 1.5
///     ready a j1 g1 at=0.0.3 digest=x          report a j1 g1 step=4 digest=x
///     fail a j1 g1 blame=job reason=nan        finish a j1 g1     checkpoint j1 at=0.0.2
///     warm a j1 g1           pausing a j1 g1 at=0.0.3    waiting a j1 g1 at=0.0.3    drain a
///     beat a j1 g1 bytes=60                    rejoin a j1 g1 (after a restart)
///     beat a j1 g1 activity=9 collective=3 phase=compute waits=2,3
///       step=16 replica=0.5 (seconds of one)   (repeated until the next)
@Suite struct ScenarioTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Scenarios")

  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".txt") }.sorted()

  @Test func `finds its scripts`() { #expect(Self.names.count >= 6) }

  @Test(arguments: names) func `goes as its transcript says`(name: String) throws {
    let file = Self.folder.appending(path: name)
    let text = try String(contentsOf: file, encoding: .utf8)
    var script = Script()
    var result: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("  ") { continue }
      result.append(line)
      if line.isEmpty || line.hasPrefix("#") { continue }
      result += try script.run(line).map { "  " + $0 }
    }
    let found = result.joined(separator: "\n")
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try found.write(to: file, atomically: true, encoding: .utf8)
      Issue.record("\(name) was recorded")
    }
    #expect(found == text)
  }
}

private struct Script {
  var machine = CoordinatorMachine()
  var now = Moment()
  var alive: [String] = []
  var hellos: [String: Hello] = [:]
  var incarnations: [String: Incarnation] = [:]
  var names: [Incarnation: String] = [:]
  var beats: [String: Heartbeat] = [:]
  var records: [Record] = []
  var starts: UInt64 = 0

  struct Unknown: Error { var line: String }

  mutating func run(_ line: String) throws -> [String] {
    let words = line.split(separator: " ").map(String.init)
    var options: [String: String] = [:]
    for word in words where word.contains("=") {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      options[parts[0]] = parts.count > 1 ? parts[1].replacing("_", with: " ") : ""
    }
    let plain = words.filter { !$0.contains("=") }
    let who = plain.count > 1 ? plain[1] : ""
    let job = plain.dropFirst().lazy.compactMap { $0.hasPrefix("j") ? JobID($0) : nil }.first
    let generation = plain.dropFirst(2).lazy.compactMap { word in
      word.hasPrefix("g") ? UInt64(word.dropFirst()).map { Generation($0) } : nil
    }.first
    let position = options["at"].map { text in
      let parts = text.split(separator: ".").compactMap { UInt64($0) }
      return Position(stage: UInt32(parts[0]), epoch: UInt32(parts[1]), step: parts[2])
    }
    func need<Value>(_ value: Value?) throws -> Value {
      guard let value else { throw Unknown(line: line) }
      return value
    }
    switch plain[0] {
    case "join":
      starts += 1
      incarnations[who] = Incarnation(starts)
      names[Incarnation(starts)] = who
      alive.append(who)
      hellos[who] = hello(
        who, threads: UInt32(options["threads"] ?? "2") ?? 2,
        memory: UInt64(options["memory"] ?? "0") ?? 0, core: options["core"] ?? "zen",
        probe: options["probe"] ?? "p1")
      return feed(.worker(Incarnation(starts), .hello(try need(hellos[who]))))
    case "rejoin":
      var greeting = try need(hellos[who])
      greeting.previous = WorkerID(UInt32(try need(incarnations[who]).number))
      if let job, let generation {
        greeting.standing = Standing(job: job, generation: generation, isOpen: true)
        var beat = Heartbeat()
        (beat.job, beat.generation) = (job, generation)
        beats[who] = beat
      }
      return feed(.worker(try need(incarnations[who]), .hello(greeting)))
    case "submit":
      var request = JobRequest(
        name: who, specification: "{}", replicas: Int(options["replicas"] ?? "4") ?? 4,
        workersMax: options["workers"].flatMap { Int($0) })
      request.rebalances = options["rebalance"] == "yes" ? true : nil
      return feed(
        .submit(request, RequestID(1)))
    case "cancel": return feed(.cancel(try need(job), reason: "asked", RequestID(2)))
    case "kill":
      alive.removeAll { $0 == who }
      return feed(.disconnected(try need(incarnations[who])))
    case "silence":
      alive.removeAll { $0 == who }
      return []
    case "leave":
      return say(who, .leave(Leave(reason: "asked")))
    case "ready":
      return say(
        who,
        .ready(
          Ready(
            job: try need(job), generation: try need(generation), committed: position,
            digest: options["digest"] ?? "")))
    case "report":
      let step = UInt64(options["step"] ?? "1") ?? 1
      var report = StepReport(
        position: Position(step: step), step: step, stepsTotal: 10, loss: 0.5)
      report.samples = 8
      report.seconds = Double(options["seconds"] ?? "0.1") ?? 0.1
      report.digest = options["digest"] ?? ""
      return say(
        who,
        .stepReports(
          StepReports(job: try need(job), generation: try need(generation), reports: [report])))
    case "fail":
      return say(
        who,
        .failed(
          WorkerFailed(
            job: try need(job), generation: try need(generation),
            blame: try need(WorkerFailed.Blame(rawValue: options["blame"] ?? "")),
            reason: options["reason"] ?? "",
            peer: options["peer"].flatMap { UInt32($0) }.map { WorkerID($0) })))
    case "finish":
      return say(
        who, .finished(JobFinished(job: try need(job), generation: try need(generation))))
    case "beat":
      var beat = Heartbeat()
      beat.job = job
      beat.generation = generation
      beat.peakBytesPerReplica = UInt64(options["bytes"] ?? "0") ?? 0
      if let step = options["step"].flatMap({ UInt64($0) }) { beat.position = Position(step: step) }
      beat.rates.computeSecondsPerReplica = Double(options["replica"] ?? "0") ?? 0
      beat.activity = UInt64(options["activity"] ?? "0") ?? 0
      beat.collective = UInt64(options["collective"] ?? "0") ?? 0
      beat.phase = options["phase"] ?? ""
      beat.waitsFor = (options["waits"] ?? "").split(separator: ",").compactMap { UInt32($0) }
        .map { WorkerID($0) }
      beats[who] = beat
      return say(who, .heartbeat(beat))
    case "warm":
      return say(who, .warm(Warm(job: try need(job), generation: try need(generation))))
    case "pausing", "waiting":
      return say(
        who,
        .pausing(
          Pausing(
            job: try need(job), generation: try need(generation), position: try need(position),
            isWaiting: plain[0] == "waiting")))
    case "drain": return feed(.drain(worker: who, reason: "asked", RequestID(3)))
    case "checkpoint":
      let checkpoint = Checkpoint(
        name: "c\(try need(position).step)", position: try need(position), sha256: "")
      return feed(.checkpointStored(try need(job), checkpoint))
    case "restart":
      machine = CoordinatorMachine(records: records)
      return feed(.tick)
    case "advance": return advance(Double(who) ?? 0)
    default: throw Unknown(line: line)
    }
  }

  private mutating func say(_ who: String, _ message: WorkerMessage) -> [String] {
    incarnations[who].map { feed(.worker($0, message)) } ?? []
  }

  private mutating func advance(_ seconds: Double) -> [String] {
    var lines: [String] = []
    for _ in 0..<Int((seconds / 0.05).rounded()) {
      now = now + .milliseconds(50)
      for who in alive { lines += say(who, .heartbeat(beats[who] ?? Heartbeat())) }
      lines += feed(.tick)
    }
    return lines
  }

  private mutating func feed(_ event: CoordinatorEvent) -> [String] {
    let actions = machine.handle(event, at: now)
    for case .persist(let record) in actions { records.append(record) }
    // Who is let go has nothing more to say of that job.
    for case .send(.stop(let stop), let receiver) in actions {
      if let name = names[receiver], beats[name]?.job == stop.job { beats[name] = nil }
    }
    return actions.map { describe($0) { names[$0] ?? "nobody" } }
  }
}
