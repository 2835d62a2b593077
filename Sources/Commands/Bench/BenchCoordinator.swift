import ArgumentParser
import Cluster
import Foundation
import Messages
import Synchronization
import Training
import Transport

/// A coordinator in a process of its own under the load of many workers that compute nothing.
struct BenchCoordinator: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator",
    abstract: "How a coordinator bears many workers.",
    discussion: """
      Workers join, beat four times a second and serve two jobs of as many replicas as a job may \
      have, each of which tells ten steps a second. `status` is asked all the while.
      """)

  @Option(help: "Simulated workers.") var workers = 2_000
  @Option(help: "Seconds to measure, after all have joined.") var seconds = 30
  @Option(help: "Replicas of each job.") var replicas = 1_024
  @Option(help: "The one core of this machine that the coordinator gets, by `taskset`.")
  var core: Int?

  func validate() throws {
    guard (1...4_096).contains(workers) else {
      throw ValidationError("--workers must be 1 to 4096.")
    }
    guard core ?? 0 >= 0 else { throw ValidationError("--core must be 0 or more.") }
    guard seconds >= 1 else { throw ValidationError("--seconds must be 1 or more.") }
  }

  func run(in house: House) throws {
    let cluster = try LocalCluster(core: core)
    defer { cluster.stop() }
    let join = try JoinFile(contentsOf: cluster.joinPath)
    let connection = try ClusterConnection(join)
    let tally = Mutex(SimulatedWorkers.Tally())
    let isDone = Atomic<Bool>(false)
    let simulated = try SimulatedWorkers(workers, join: join)
    let handed = HandedOver(simulated)
    let meter = try ProcessMeter(of: cluster.coordinator)
    let began = MonotonicClock.seconds
    let thread = try OwnedThread(name: "coordinator") {
      handed.value.run { state in
        tally.withLock { $0 = state }
        return !isDone.load(ordering: .relaxed)
      }
    }
    defer {
      isDone.store(true, ordering: .relaxed)
      thread.join()
    }
    while tally.withLock({ $0.members }) < workers {
      try cluster.check()
      guard MonotonicClock.seconds - began < 120 else {
        throw Incomplete(members: tally.withLock { $0.members }, asked: workers)
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    Terminal.output.line(
      "\(workers) workers joined in \(Numbers.fixed(MonotonicClock.seconds - began, 1)) s")
    for name in ["first", "second"] {
      let job: JobValue = .map([
        "recipe": .text("segment"), "replicas": .integer(replicas), "batch": .integer(replicas),
        "steps": .integer(1_000_000), "data": .map(["world": .text("scenes")]),
      ])
      _ = try connection.submit(
        Messages.Submit(specification: try jsonLine(job), name: name, resume: ""))
    }
    while tally.withLock({ $0.generationsOpened }) < 2 {
      try cluster.check()
      guard MonotonicClock.seconds - began < 240 else { throw NotOpened() }
      Thread.sleep(forTimeInterval: 0.02)
    }
    Terminal.output.line("both jobs opened")
    var latencies: [Double] = []
    var table = TextTable([
      ("second", .right), ("CPU", .right), ("resident", .right), ("status median", .right),
      ("worst", .right), ("heartbeats/s", .right), ("steps", .right),
    ])
    let before = tally.withLock { $0 }
    var last = before
    let start = MonotonicClock.seconds
    let usedBefore = meter.cpuSeconds
    var used = usedBefore
    for second in stride(from: 5, through: max(5, seconds), by: 5) {
      var own: [Double] = []
      while MonotonicClock.seconds < start + Double(second) {
        let asked = MonotonicClock.seconds
        _ = try connection.status()
        own.append(MonotonicClock.seconds - asked)
        Thread.sleep(forTimeInterval: 0.05)
      }
      let now = tally.withLock { $0 }
      let cpu = meter.cpuSeconds
      table.add([
        "\(second)", "\(Numbers.fixed((cpu - used) * 20, 0)) %", Numbers.bytes(meter.residentBytes),
        milliseconds(percentile(own, 50)), milliseconds(percentile(own, 100)),
        "\((now.heartbeats - last.heartbeats) / 5)", "\(now.reports)",
      ])
      (last, used) = (now, cpu)
      latencies += own
    }
    Terminal.output.line(table.text())
    let passed = MonotonicClock.seconds - start
    Terminal.output.line(
      """

      coordinator's CPU   \(Numbers.fixed((meter.cpuSeconds - usedBefore) / passed * 100, 0)) % of one core
      status              median \(milliseconds(percentile(latencies, 50))), 99th percentile \
      \(milliseconds(percentile(latencies, 99))), worst \(milliseconds(percentile(latencies, 100))), \
      of \(latencies.count)
      resident memory     \(Numbers.bytes(meter.residentBytes))
      lost and rejoined   \(last.rejoins); messages dropped \(last.dropped)
      """)
  }

  private func milliseconds(_ seconds: Double) -> String {
    "\(Numbers.fixed(seconds * 1_000, 1)) ms"
  }

  private func percentile(_ values: [Double], _ percent: Int) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, sorted.count * percent / 100)]
  }

  /// Not all of the workers were admitted in time.
  private struct Incomplete: ExplainedError {
    let members: Int
    let asked: Int
    var description: String { "only \(members) of \(asked) workers had joined after 120 s" }
  }
}

/// The jobs' generations did not open.
private struct NotOpened: ExplainedError {
  var description: String { "the coordinator had not opened both jobs after 240 s" }
}

/// Moves a value to the one thread that will use it.
private final class HandedOver<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
