import ArgumentParser
import Training

/// What of a job file is changed on the command line.
struct JobOverrides: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change a key of the job, like optimizer.learningRate=1e-3. Repeatable.",
      valueName: "key=value"))
  var values: [String] = []

  /// A job file's content with the changes, and with `more` after them.
  ///
  /// Throws: `JobError`.
  func value(of file: String, and more: [String] = []) throws -> JobValue {
    try JobFile(file).value(overrides: values + more)
  }
}
