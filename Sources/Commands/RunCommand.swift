import ArgumentParser
import Data
import Training

/// A whole job without a coordinator of its own to look after.
struct Run: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a job on this machine.",
    discussion: """
      With one worker everything happens in this process. The result is the same to the bit as on \
      a cluster of any size.
      """)

  @OptionGroup var job: JobArguments
  @OptionGroup var compute: ComputeOptions

  @Option(
    help: ArgumentHelp(
      "Go on from a checkpoint, or from the newest one of a run's folder.",
      valueName: "run|checkpoint"))
  var resume: String?

  @Flag(help: "Print only the SHA-256 of the final model.safetensors; the rest goes to stderr.")
  var printDigest = false

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    let interrupts = Interrupts()
    let terminal = printDigest ? Terminal.error : .output
    let point = try resume.map { try ResumePoint($0) }
    for problem in point?.problems ?? [] { Terminal.error.line("martlet: passed over: \(problem)") }
    let value = try job.value(stored: point?.checkpoint.job)
    let read = try Job(value, catalog: house.catalog)
    let output = read.output ?? point?.run.map { JobFile("").absolute($0) } ?? freshFolder()
    let display = TrainingDisplay(terminal, title: read.recipe)
    let run = try LocalRun(
      read, catalog: house.catalog, output: output, threads: compute.threadCount(),
      resume: point?.checkpoint, show: display.show)
    interrupts.handle { run.stop() }
    let result: LocalRun.Result
    do { result = try run.run() } catch {
      display.finish()
      throw error
    }
    display.finish()
    try report(result, on: terminal, interrupts)
  }

  private func report(
    _ result: LocalRun.Result, on terminal: Terminal, _ interrupts: Interrupts
  ) throws {
    terminal.line("\n" + RunSummary(result).text)
    if result.ending == .stopped {
      let resume = "martlet run \(job.file.map { $0 + " " } ?? "")--resume \(result.folder)"
      terminal.line("\nStopped at step \(result.progress.step). Go on with: \(resume)")
      throw interrupts.status ?? .interrupted
    }
    if printDigest, let digest = result.checkpoint?.modelDigest { Terminal.output.line(digest) }
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
  init(_ result: LocalRun.Result) {
    self.init()
    scores = result.progress.scores
    best = result.progress.best
    skippedSamples = result.progress.skippedSamples
    for (label, name) in [
      ("contact sheet", RunFolder.contactSheetFile), ("loss curve", RunFolder.lossCurveFile),
    ] where Files.isFile("\(result.folder)/\(name)") {
      results.append((label, "\(result.folder)/\(name)"))
    }
    if let checkpoint = result.checkpoint {
      results.append(("checkpoint", checkpoint.path))
      results.append(("SHA-256", "\(checkpoint.modelDigest)  \(Training.Checkpoint.modelFile)"))
    }
  }
}
