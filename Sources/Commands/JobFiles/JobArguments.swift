import ArgumentParser
import Training

/// What `run` and `submit` share: which job, and what of it is changed.
struct JobArguments: ParsableArguments {
  @Argument(help: "Job file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change a key of the job, like optimizer.learningRate=1e-3. Repeatable.",
      valueName: "key=value"))
  var overrides: [String] = []

  @Option(help: "Folder for the results.", completion: .directory)
  var output: String?

  /// The job as written, changed by the options; `stored` stands in where no file is given.
  ///
  /// Throws: `JobError`.
  func value(stored: JobValue? = nil) throws -> JobValue {
    var value: JobValue
    if let file {
      value = try JobFile(file).value(overrides: overrides)
    } else if let stored {
      value = JobFile("").absolutePaths(try JobFile.apply(overrides, to: stored))
    } else {
      throw ValidationError("Give a job file, or --resume with a checkpoint that holds its job.")
    }
    if let output { value.set(["output"], to: .text(JobFile("").absolute(output))) }
    return value
  }
}
