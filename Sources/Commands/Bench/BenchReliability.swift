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
      Runs take turns, A B, B A, A B and so on, so that a machine that slows down slows both. The time \
      of a step is wall time between commits as the coordinator sees them, the median over tens of \
      steps after a warm-up. Both sides must end with the same weights.
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
    var seconds: [[Double]] = [[], []]
    var weights: Set<String> = []
    for pair in 0..<pairs {
      for side in pair % 2 == 0 ? [0, 1] : [1, 0] {
        let run = try measure(value, side)
        seconds[side].append(run.seconds)
        weights.insert(run.weights)
      }
      let (a, b) = (seconds[0][pair], seconds[1][pair])
      Terminal.output.line(
        "pair \(pair + 1)  \(milliseconds(a))  \(milliseconds(b))  ratio \(Numbers.fixed(a / b, 4))"
      )
    }
    guard weights.count == 1 else { throw OtherWeights(weights: weights.sorted()) }
    tell(seconds, weights)
  }

  private func tell(_ seconds: [[Double]], _ weights: Set<String>) {
    var table = TextTable([
      ("", .left), ("median step", .right), ("fastest", .right), ("slowest", .right),
    ])
    for (name, values) in zip(compare.sides, seconds) {
      let sorted = values.sorted()
      table.add([
        name, milliseconds(median(values)), milliseconds(sorted[0]),
        milliseconds(sorted[sorted.count - 1]),
      ])
    }
    Terminal.output.line("\n" + table.text())
    let interval = RatioInterval(zip(seconds[0], seconds[1]).map { $0 / $1 })
    Terminal.output.line(
      """

      ratio    \(Numbers.fixed(interval.ratio, 4)), 95 % interval \
      \(Numbers.fixed(interval.low, 4)) to \(Numbers.fixed(interval.high, 4)), of \(pairs) pairs
      weights  \(weights.sorted().joined()) in all runs
      """)
  }

  private func milliseconds(_ seconds: Double) -> String {
    "\(Numbers.fixed(seconds * 1_000, 1)) ms"
  }

  /// One run: the median wall time of a step, and the SHA-256 of the final weights.
  private func measure(_ job: JobValue, _ side: Int) throws -> (seconds: Double, weights: String) {
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
    var marks: [Double] = []
    while true {
      let status = try connection.show(submitted.job).status
      let now = MonotonicClock.seconds
      // A mark at each chunk's end; the last step is followed by more than a step.
      while Int(status.step) >= Self.warmUp + marks.count * Self.chunk { marks.append(now) }
      if status.state == .finished { break }
      guard !status.state.isOver else { throw Failure(reason: "the job failed: \(status.reason)") }
      try cluster.check()
      Thread.sleep(forTimeInterval: 0.005)
    }
    let chunks = zip(marks, marks.dropFirst()).map { ($1 - $0) / Double(Self.chunk) }
    let shelf = CheckpointShelf(folder: "\(submitted.output)/checkpoints", keep: 1)
    return (median(chunks), shelf.newestValid().0?.modelDigest ?? "none")
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
