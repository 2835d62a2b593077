import ArgumentParser
import Data
import Foundation
import Messages
import Training

struct Verify: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Repeat a training, or some of its steps, and compare every digest with the record.",
    discussion: """
      One process on this machine repeats what any number of workers did, from the nearest \
      checkpoint that is kept, and must get the same digests. Exit code 6 says that it did not. \
      Nothing is written.
      """)

  @Argument(
    help: "A job of the cluster, like j3, or the folder of a run, like runs/segment or ./j3.")
  var job: String
  @Option(
    help: ArgumentHelp(
      "First and last step, like 120..160; all that are on record by default.", valueName: "a..b"))
  var steps: StepRange?
  @Option(help: "Where the job's data lies here, if elsewhere.", completion: .directory)
  var data: String?
  @OptionGroup var cluster: ClusterArguments
  @OptionGroup var compute: ComputeOptions

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    let scratch =
      "\(NSTemporaryDirectory())/martlet-verify-\(ProcessInfo.processInfo.processIdentifier)"
    let interrupts = Interrupts()
    let clean = { @Sendable in try? FileManager.default.removeItem(atPath: scratch) }
    interrupts.handle(stop: {}, end: { _ = clean() })
    defer { _ = clean() }

    let training = try recorded()
    let range = steps ?? training.range
    let start = try training.start(of: range)
    try RecordedTraining.checkFingerprint(of: start)
    let step = try training.checkpointStep(before: range, of: start)
    let checkpoint = try step.map { try training.checkpoint($0, scratch) }
    let rows = training.digests.filter { range.contains($0.step) }
    let terminal = Terminal.output
    terminal.line(
      "\(training.name): steps \(range), repeated from "
        + (step.map { "the checkpoint of step \($0)" } ?? "the beginning"))

    let display = TrainingDisplay(terminal, title: "verify")
    let verification = try Verification(
      Job(value(of: start, isContinued: checkpoint != nil), catalog: house.catalog),
      catalog: house.catalog, recorded: rows, checkpoint: checkpoint,
      threads: compute.threadCount(), show: display.show)
    _ = clean()
    interrupts.handle(stop: { verification.stop() }, end: { _ = clean() })
    let result: Verification.Result
    do {
      defer { display.finish() }
      result = try verification.run()
    }
    try tell(result, of: range, rows.count, interrupts.status)
  }

  private func recorded() throws -> RecordedTraining {
    if let id = JobID(job) { return try RecordedTraining(id, cluster.connect()) }
    return try RecordedTraining(folder: JobFile("").absolute(job))
  }

  private func value(of start: RunStart, isContinued: Bool) -> JobValue {
    var value = start.job
    value.set(["output"], to: .null)
    // The weights come from the checkpoint; those the training began from may be gone.
    if isContinued { value.set(["init"], to: .null) }
    if let data { value.set(["data", "path"], to: .text(JobFile("").absolute(data))) }
    return value
  }

  private func tell(
    _ result: Verification.Result, of range: StepRange, _ count: Int, _ status: ExitReason?
  ) throws {
    let terminal = Terminal.output
    if let difference = result.difference {
      let row = difference.recorded
      let place = "step \(row.step)" + (row.passes > 0 ? ", pass \(row.passes)" : "")
      terminal.line(
        """
        \(place) differs: recorded \(row.digest)
        \(String(repeating: " ", count: place.count)) repeated  \
        \(difference.found ?? "none, it has no such commit")
        steps \(range): \(result.agreed) of \(count) digests agree before it
        """)
      throw ExitReason.differs
    }
    if let status, result.agreed < count {
      terminal.line(
        "stopped at step \(result.step): \(result.agreed) of \(count) digests agree so far")
      throw status
    }
    terminal.line("steps \(range): \(result.agreed) of \(count) digests agree")
  }
}
