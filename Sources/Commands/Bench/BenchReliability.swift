import ArgumentParser
import Cluster
import Foundation
import Messages
import Training

/// The same job again and again on a coordinator and workers of its own, with and without something.
struct BenchReliability: HouseCommand {
  enum Comparison: String, ExpressibleByArgument, CaseIterable {
    case records, exchange, data

    /// Names of the two sides; the price is that of the first.
    var sides: [String] {
      switch self {
      case .records: ["everything on", "digests, heartbeats, records off"]
      case .exchange: ["sealed", "plain"]
      case .data: ["served, warm cache", "local files"]
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "reliability",
    abstract:
      "What digests, heartbeats and step records cost a step, or sealed exchange, or served data.",
    discussion: """
      Both sides of a pair run at the same time, but only one of them at any moment: all processes \
      of the other are stopped, for a quarter of a second each in turn, so that a machine that slows \
      down slows both alike. Measured are the time in which a side ran and the CPU time of all its \
      processes, from the end of a warm-up to the last steps. Both must end with the same weights. \
      Served data is in the workers' cache when the first pair begins; give its job more samples \
      than its steps need, or what is decoded stays in memory on both sides.
      """)

  @Argument(help: "Job file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var job: String
  @OptionGroup var overrides: JobOverrides
  @Option(
    help: """
      What to leave out in turn: records (with digests and heartbeats), exchange (its protection), \
      or data (served data).
      """)
  var compare = Comparison.records
  @Option(help: "Pairs of runs.") var pairs = 10
  @Option(help: "Steps of a run, the first 20 to warm up.") var steps = 80
  @Option(help: "Worker processes.") var workers = 2
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard (2...100).contains(pairs) else { throw ValidationError("--pairs must be 2 to 100.") }
    guard (Self.warmUp + 2 * Self.ending...100_000).contains(steps) else {
      throw ValidationError("--steps must be \(Self.warmUp + 2 * Self.ending) to 100000.")
    }
    guard (1...64).contains(workers) else { throw ValidationError("--workers must be 1 to 64.") }
  }

  /// Steps at a run's beginning and end that do not count.
  private static let warmUp = 20
  private static let ending = 5

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    var value = try overrides.value(of: job, and: ["steps=\(steps)"])
    for key in ["output", "validate", "checkpoint"] { value.set([key], to: .null) }
    if compare == .data {
      guard case .text? = value[path: "data.path"] else { throw NoFolder() }
      value.set(["data", "served"], to: .bool(true))
    }
    _ = try Job(value, catalog: house.catalog)
    let cache = "\(NSTemporaryDirectory())/martlet-bench-cache-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: cache) }
    if compare == .data { try runAlone(value, cache: cache) }
    var runs: [[Run]] = [[], []]
    for pair in 0..<pairs {
      let (a, b) = try measurePair(value, cache: cache)
      runs[0].append(a)
      runs[1].append(b)
      Terminal.output.line(
        "pair \(pair + 1)  wall \(milliseconds(a.wall)) / \(milliseconds(b.wall))  CPU "
          + "\(milliseconds(a.processor)) / \(milliseconds(b.processor))"
          + (compare == .data ? "  blocks brought \(a.misses)" : ""))
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
    /// Blocks of served data that were in no cache.
    let misses: UInt64
  }

  /// So that the cache has all that the steps read.
  private func runAlone(_ job: JobValue, cache: String) throws {
    let run = try start(job, 0, cache: cache)
    defer { run.stop() }
    while !run.isOver { try run.run(seconds: 1) }
  }

  private func measurePair(_ job: JobValue, cache: String) throws -> (Run, Run) {
    let first = try start(job, 0, cache: cache)
    defer { first.stop() }
    try first.halt()
    let second = try start(job, 1, cache: cache)
    defer { second.stop() }
    try second.halt()
    while !first.isOver || !second.isOver {
      for side in [first, second] where !side.isOver { try side.run(seconds: 0.25) }
    }
    return (try result(of: first), try result(of: second))
  }

  private func result(of side: AlternatingRun) throws -> Run {
    let shelf = CheckpointShelf(folder: "\(side.output)/checkpoints", keep: 1)
    let (wall, processor) = try side.secondsPerStep()
    return Run(
      wall: wall, processor: processor, weights: shelf.newestValid().0?.modelDigest ?? "none",
      misses: side.misses)
  }

  private func start(_ job: JobValue, _ side: Int, cache: String) throws -> AlternatingRun {
    var job = job
    var options: [String] = []
    switch (compare, side) {
    case (.records, 1):
      job.set(["digest"], to: .bool(false))
      options = ["--unwatched"]
    case (.data, 1): job.set(["data", "served"], to: .bool(false))
    case (.exchange, _): options = ["--exchange-protection", side == 0 ? "sealed" : "plain"]
    default: break
    }
    let cluster = try LocalCluster(coordinatorOptions: options)
    do {
      job.set(["output"], to: .text("\(cluster.folder)/results"))
      let connection = try cluster.startWorkers(
        workers, threads: compute.threadCount(sharedBy: workers),
        exchange: compare == .exchange ? .tcp : .direct, isa: compute.isa,
        options: ["--cache", cache])
      let submitted = try connection.submit(
        Messages.Submit(specification: try jsonLine(job), name: "bench", resume: ""))
      return try AlternatingRun(
        cluster, connection, submitted, counting: Self.warmUp..<steps - Self.ending)
    } catch {
      cluster.stop()
      throw error
    }
  }

  private struct NoFolder: ExplainedError {
    let description =
      "--compare data needs a job whose data is a folder: data: { path: DIR, format: FORMAT }"
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
