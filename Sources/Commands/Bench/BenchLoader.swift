import ArgumentParser
import Data
import Foundation
import Glibc
import Training

/// A job's input without its training.
struct BenchLoader: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "loader",
    abstract: "Measure how fast a job's batches are read, decoded and augmented.",
    discussion: """
      The job's own data, plan, augmentation and loader threads, for all replicas in this process; \
      nothing is trained. A row is an epoch: later ones find samples in memory. Processor time is \
      that of all threads. Compare samples/s with what training takes.
      """)

  @Argument(help: "Job file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var job: String
  @OptionGroup var overrides: JobOverrides
  @Option(help: "Epochs to load.") var epochs = 3
  @Option(
    help: ArgumentHelp("Memory for decoded samples; 0 for none.", valueName: "megabytes"))
  var sampleMemory = 512
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard (1...1000).contains(epochs) else { throw ValidationError("--epochs must be 1 to 1000.") }
    guard (0...1_000_000).contains(sampleMemory) else {
      throw ValidationError("--sample-memory must be 0 to 1000000.")
    }
  }

  struct Row: Encodable {
    let epoch: Int
    let samples: Int
    let seconds: Double
    let processorSeconds: Double
    /// Samples that were in memory already.
    let hits: UInt64
  }

  func run(in house: House) throws {
    var value = try overrides.value(of: job)
    value.set(["steps"], to: .null)
    value.set(["epochs"], to: .integer(epochs))
    let rows = try Self.measure(
      Job(value, catalog: house.catalog), house.catalog, memoryBytes: sampleMemory << 20)
    if json { return Terminal.output.line(try jsonText(rows)) }
    var table = TextTable([
      ("epoch", .right), ("samples", .right), ("in memory", .right), ("s", .right),
      ("samples/s", .right), ("processor ms a sample", .right),
    ])
    for row in rows {
      let count = Double(max(row.samples, 1))
      table.add([
        "\(row.epoch)", "\(row.samples)", "\(row.hits)", Numbers.fixed(row.seconds, 2),
        Numbers.fixed(count / row.seconds, 0),
        Numbers.fixed(row.processorSeconds / count * 1e3, 3),
      ])
    }
    Terminal.output.line(table.text())
  }

  /// Throws: `JobError`, `DataError`, for a sample that cannot be read, too.
  static func measure(_ job: Job, _ catalog: Catalog, memoryBytes: Int) throws -> [Row] {
    let data = try RecipeData(job: job, memoryBytes: memoryBytes)
    let run = try LoaderRun(job, catalog: catalog, data: data)
    defer { run.stop() }
    return try (1...run.epochCount).map { epoch in
      let (start, processor, hits) = (
        MonotonicClock.seconds, processorSeconds, data.memory.counts.hits
      )
      let samples = try (0..<run.stepsPerEpoch).reduce(0) { count, _ in
        try count + run.takeStep()
      }
      return Row(
        epoch: epoch, samples: samples, seconds: MonotonicClock.seconds - start,
        processorSeconds: processorSeconds - processor, hits: data.memory.counts.hits - hits)
    }
  }

  /// Of all threads of this process, finer than the ticks of a `ProcessMeter`.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
