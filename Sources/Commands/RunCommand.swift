import ArgumentParser
import Cluster
import Data
import Foundation
import Messages
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
    let checkpoint: Training.Checkpoint?
    if workers == 1 && exchange == .direct {
      checkpoint = try trainHere(
        try Job(value, catalog: house.catalog), house, point, on: terminal, interrupts)
    } else {
      checkpoint = try trainOnWorkers(value, point, on: terminal, interrupts)
    }
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

  private func trainHere(
    _ job: Job, _ house: House, _ point: ResumePoint?, on terminal: Terminal,
    _ interrupts: Interrupts
  ) throws -> Training.Checkpoint? {
    let display = TrainingDisplay(terminal, title: job.recipe)
    defer { display.finish() }
    let run = try LocalRun(
      job, catalog: house.catalog, output: job.output ?? "", threads: compute.threadCount(),
      resume: point?.checkpoint, fingerprint: Fingerprint.byName, show: display.show)
    interrupts.handle { run.stop() }
    return try run.run().checkpoint
  }

  private func trainOnWorkers(
    _ job: JobValue, _ point: ResumePoint?, on terminal: Terminal, _ interrupts: Interrupts
  ) throws -> Training.Checkpoint? {
    let cluster = try LocalCluster()
    interrupts.handle(stop: {}, end: { cluster.stop() })
    defer { cluster.stop() }
    let connection = try cluster.startWorkers(
      workers, threads: compute.threadCount(sharedBy: workers), exchange: exchange,
      isa: compute.isa)
    let submitted = try connection.submit(
      Messages.Submit(
        specification: try jsonLine(job), name: self.job.file.map { JobFile.stem($0) } ?? "run",
        resume: point.map { JobFile("").absolute($0.checkpoint.path) } ?? ""))
    try JobFollower(connection, submitted.job, terminal).follow {
      interrupts.status == nil
    }
    if interrupts.status != nil {
      try connection.cancel(submitted.job, reason: "interrupted")
      try waitForLastCheckpoint(of: submitted.job, connection)
    }
    let shelf = CheckpointShelf(folder: "\(submitted.output)/checkpoints", keep: 1)
    return shelf.newestValid().0
  }

  /// A cancelled job's last step is stored once more; that takes a moment.
  private func waitForLastCheckpoint(of job: JobID, _ connection: ClusterConnection) throws {
    let end = Date().addingTimeInterval(5)
    while Date() < end {
      let status = try connection.show(job).status
      if status.step == 0 || (status.checkpoint?.position.step ?? 0) >> 4 >= status.step { return }
      Thread.sleep(forTimeInterval: 0.02)
    }
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
