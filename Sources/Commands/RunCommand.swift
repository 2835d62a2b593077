import ArgumentParser
import Cluster
import Data
import Training

/// A whole job without a coordinator of its own to look after.
struct Run: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a job on this machine.",
    discussion: """
      With one worker everything happens in this process; with more, a coordinator and workers \
      are started as processes of their own and end with this one. The result is the same to the \
      bit, as on a cluster of any size.
      """)

  @OptionGroup var job: JobArguments
  @OptionGroup var compute: ComputeOptions

  @Option(
    help: ArgumentHelp(
      "Go on from a checkpoint, or from the newest one of a run's folder.",
      valueName: "run|checkpoint"))
  var resume: String?

  @Option(help: "Worker processes.") var workers = 1

  @Option(
    help: "How workers exchange: direct, tcp (also within a host), hub (through the coordinator).")
  var exchange = ExchangeMode.direct

  @Flag(help: "Print only the SHA-256 of the final model.safetensors; the rest goes to stderr.")
  var printDigest = false

  func validate() throws {
    guard (1...256).contains(workers) else { throw ValidationError("--workers must be 1 to 256.") }
  }

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    let interrupts = Interrupts()
    let terminal = printDigest ? Terminal.error : .output
    let point = try resume.map { try ResumePoint($0) }
    for problem in point?.problems ?? [] { Terminal.error.line("martlet: passed over: \(problem)") }
    var value = try job.value(stored: point?.checkpoint.job)
    let read = try Job(value, catalog: house.catalog)
    let output = read.output ?? point?.run.map { JobFile("").absolute($0) } ?? freshFolder()
    value.set(["output"], to: .text(output))
    let training = JobTraining(
      house, workers: workers, exchange: exchange, compute: compute, on: terminal, interrupts)
    defer { training.stop() }
    let checkpoint = try training.train(
      value, title: job.file.map { JobFile.stem($0) } ?? read.recipe, from: point)
    terminal.line("\n" + RunSummary(folder: output, checkpoint).text)
    if let status = interrupts.status {
      let name = job.file.map { $0 + " " } ?? ""
      terminal.line(
        checkpoint.map {
          "\nStopped at step \($0.progress.step). Go on with: "
            + "martlet run \(name)--resume \(output)"
        } ?? "\nStopped before the first checkpoint.")
      throw status
    }
    if printDigest, let checkpoint { Terminal.output.line(checkpoint.modelDigest) }
  }

  /// `runs/NAME`, or the first of `runs/NAME-2`, … that is free.
  private func freshFolder() -> String {
    let base = JobFile("").absolute("runs/\(JobFile.stem(job.file ?? "job"))")
    var folder = base
    var number = 2
    while Files.isFolder(folder) {
      folder = "\(base)-\(number)"
      number += 1
    }
    return folder
  }
}

extension RunSummary {
  /// What a run's folder holds for people.
  init(folder: String, _ checkpoint: Training.Checkpoint?) {
    self.init()
    scores = checkpoint?.progress.scores ?? []
    best = checkpoint?.progress.best
    skippedSamples = checkpoint?.progress.skippedSamples ?? 0
    for (label, name) in [
      ("contact sheet", RunFolder.contactSheetFile), ("loss curve", RunFolder.lossCurveFile),
    ] where Files.isFile("\(folder)/\(name)") {
      results.append((label, "\(folder)/\(name)"))
    }
    if let checkpoint {
      results.append(("checkpoint", checkpoint.path))
      results.append(("SHA-256", "\(checkpoint.modelDigest)  \(Training.Checkpoint.modelFile)"))
    }
  }
}
