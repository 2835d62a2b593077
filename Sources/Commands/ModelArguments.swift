import ArgumentParser
import Training

/// A trained model and the data to use it on.
struct ModelArguments: ParsableArguments {
  @Argument(help: "Folder of a checkpoint, or of a run (then its newest checkpoint).")
  var checkpoint: String

  @Option(help: "Folder of other data in the same format as the job's.", completion: .directory)
  var data: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Change a key of the stored job. Repeatable.", valueName: "key=value"))
  var overrides: [String] = []

  /// The model in the state of the checkpoint.
  ///
  /// Throws: `TrainingError.checkpoint`, `JobError`, `DataError`.
  func trainer(_ catalog: Catalog) throws -> Trainer {
    let point = try ResumePoint(checkpoint)
    for problem in point.problems { Terminal.error.line("martlet: passed over: \(problem)") }
    var value = point.checkpoint.job
    // The weights come from the checkpoint; those the training began from may be gone.
    value.set(["init"], to: .null)
    if let data { value.set(["data", "path"], to: .text(data)) }
    value = JobFile("").absolutePaths(try JobFile.apply(overrides, to: value))
    let trainer = try Trainer(Job(value, catalog: catalog), catalog: catalog)
    _ = try trainer.resume(point.checkpoint)
    return trainer
  }
}
