import ArgumentParser
import Cluster
import Foundation
import Messages
import Training

/// The same job again and again on a coordinator and workers of its own, with and without something.
struct BenchReliability: HouseCommand {
  enum Comparison: String, ExpressibleByArgument, CaseIterable {
    case records, exchange

    /// Names of the two sides; the price is that of the first.
    var sides: [String] {
      self == .records
        ? ["everything on", "digests, heartbeats, records off"] : ["sealed", "plain"]
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "reliability",
    abstract: "What digests, heartbeats and step records cost a step, or sealed exchange.",
    discussion: """
      Runs take turns, A B, B A, A B and so on, so that a machine that slows down slows both. Wall \
      time is that between commits as the coordinator sees them, the median over tens of steps after a \
      warm-up; CPU time is that of all processes, which other work on the machine disturbs less. Both \
      sides must end with the same weights.
      """)

  @Argument(help: "Job file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var job: String
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Change a key of the job. Repeatable.", valueName: "key=value"))
  var overrides: [String] = []
  @Option(help: "What to leave out in turn: records (with digests and heartbeats), or exchange.")
  var compare = Comparison.records
  @Option(help: "Pairs of runs.") var pairs = 10
  @Option(help: "Steps of a run, the first 20 to warm up.") var steps = 80
  @Option(help: "Worker processes.") var workers = 2
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard (2...100).contains(pairs) else { throw ValidationError("--pairs must be 2 to 100.") }
    guard (Self.warmUp + 2 * Self.chunk...100_000).contains(steps) else {
      throw ValidationError("--steps must be \(Self.warmUp + 2 * Self.chunk) to 100000.")
    }
    guard (1...64).contains(workers) else { throw ValidationError("--workers must be 1 to 64.") }
  }

  private static let warmUp = 20
  private static let chunk = 10

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    var value = try JobFile(job).value(overrides: overrides + ["steps=\(steps)"])
    for key in ["output", "validate", "checkpoint"] { value.set([key], to: .null) }
    _ = try Job(value, catalog: house.catalog)
    var runs: [[Run]] = [[], []]
    for pair in 0..<pairs {
      for side in pair % 2 == 0 ? [0, 1] : [1, 0] { runs[side].append(try measure(value, side)) }
      let (a, b) = (runs[0][pair], runs[1][pair])
      Terminal.output.line(
        "pair \(pair + 1)  wall \(milliseconds(a.wall)) / \(milliseconds(b.wall))  CPU "
          + "\(milliseconds(a.processor)) / \(milliseconds(b.processor))")
    }
    let weights = Set(runs.joined().map(\.weights))
    guard weights.count == 1 else { throw OtherWeights(weights: weights.sorted()) }
    tell(runs)
    Terminal.output.line("weights \(weights.joined()) in all runs")
  }

  private func tell(_ runs: [[Run]]) {
    var table = TextTable([
      ("a step's", .left), (compare.sides[0], .right), (compare.sides[1], .right),
      ("spread of both", .left), ("ratio", .right), ("95 % interval", .left),
    ])
    for (name, value) in [("wall time", \Run.wall), ("CPU time", \Run.processor)] {
      let (a, b) = (runs[0].map { $0[keyPath: value] }, runs[1].map { $0[keyPath: value] })
      let interval = RatioInterval(zip(a, b).map { $0 / $1 })
      table.add([
        name, milliseconds(median(a)), milliseconds(median(b)), "\(spread(a)), \(spread(b))",
        Numbers.fixed(interval.ratio, 4),
        "\(Numbers.fixed(interval.low, 4)) to \(Numbers.fixed(interval.high, 4))",
      ])
    }
    Terminal.output.line("\n" + table.text() + "\n")
  }

  private func spread(_ values: [Double]) -> String {
    "\(milliseconds(values.min() ?? .nan)) to \(milliseconds(values.max() ?? .nan))"
  }

  private func milliseconds(_ seconds: Double) -> String {
    "\(Numbers.fixed(seconds * 1_000, 1)) ms"
  }

  /// What one run took, in seconds a step.
  private struct Run {
    let wall: Double
    /// Of all processes of the cluster.
    let processor: Double
    /// SHA-256 of the final `model.safetensors`.
    let weights: String
  }

  private func measure(_ job: JobValue, _ side: Int) throws -> Run {
    var job = job
    var options: [String] = []
    switch (compare, side) {
    case (.records, 1):
      job.set(["digest"], to: .bool(false))
      options = ["--unwatched"]
    case (.exchange, _): options = ["--exchange-protection", side == 0 ? "sealed" : "plain"]
    default: break
    }
    let cluster = try LocalCluster(coordinatorOptions: options)
    defer { cluster.stop() }
    job.set(["output"], to: .text("\(cluster.folder)/results"))
    let connection = try cluster.startWorkers(
      workers, threads: compute.threadCount(sharedBy: workers),
      exchange: compare == .exchange ? .tcp : .direct, isa: compute.isa)
    let submitted = try connection.submit(
      Messages.Submit(specification: try jsonLine(job), name: "bench", resume: ""))
    let meters = try cluster.processes.map { try ProcessMeter(of: $0) }
    var marks: [Double] = []
    var processor: [Double] = []
    while true {
      let status = try connection.show(submitted.job).status
      let now = MonotonicClock.seconds
      // A mark at each chunk's end; the last step is followed by more than a step.
      while Int(status.step) >= Self.warmUp + marks.count * Self.chunk {
        marks.append(now)
        processor.append(meters.map(\.cpuSeconds).reduce(0, +))
      }
      if status.state == .finished { break }
      guard !status.state.isOver else { throw Failure(reason: "the job failed: \(status.reason)") }
      try cluster.check()
      Thread.sleep(forTimeInterval: 0.005)
    }
    let chunks = zip(marks, marks.dropFirst()).map { ($1 - $0) / Double(Self.chunk) }
    let shelf = CheckpointShelf(folder: "\(submitted.output)/checkpoints", keep: 1)
    let measured = Double((marks.count - 1) * Self.chunk)
    return Run(
      wall: median(chunks), processor: (processor[processor.count - 1] - processor[0]) / measured,
      weights: shelf.newestValid().0?.modelDigest ?? "none")
  }

  private struct OtherWeights: ExplainedError {
    let weights: [String]
    var description: String {
      "the runs ended with different weights, so they are no comparison: "
        + weights.joined(separator: ", ")
    }
  }
}

private func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
