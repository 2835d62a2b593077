import ArgumentParser
import Training

/// What `run` and `submit` share: which job, and what of it is changed.
struct JobArguments: ParsableArguments {
  @Argument(help: "Job file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @OptionGroup var overrides: JobOverrides

  @Option(help: "Folder for the results.", completion: .directory)
  var output: String?

  /// The job as written, changed by the options; `stored` stands in where no file is given.
  ///
  /// Throws: `JobError`.
  func value(stored: JobValue? = nil) throws -> JobValue {
    var value: JobValue
    if let file {
      value = try overrides.value(of: file)
    } else if let stored {
      value = JobFile("").absolutePaths(try JobFile.apply(overrides.values, to: stored))
    } else {
      throw ValidationError("Give a job file, or --resume with a checkpoint that holds its job.")
    }
    if let output { value.set(["output"], to: .text(JobFile("").absolute(output))) }
    return value
  }
}
