import ArgumentParser
import Data

/// Which data set on this machine a command is about.
struct DataSetArguments: ParsableArguments {
  @Argument(help: "The data set's folder.") var path: String
  @Option(help: "The format; recognised if not given.") var format: String?
  @Option(help: "Only this split; may be given several times.") var split: [String] = []
  @Option(help: "An option of the format, KEY=VALUE, as in the job's data.") var set: [String] = []

  struct Opened {
    let files: LocalFiles
    let format: any FileSource.Type
    let options: [String: String]
  }

  /// Throws: `DataError` for a path or format that is not known; `ValidationError` for the options.
  func open() throws -> Opened {
    let files = try LocalFiles(path)
    let known = try format.map { try dataFormat(named: $0) } ?? recognisedFormat(of: files)
    return Opened(files: files, format: known, options: try formatOptions(set))
  }
}

/// The values of repeated `--set KEY=VALUE`.
func formatOptions(_ set: [String]) throws -> [String: String] {
  var options: [String: String] = [:]
  for text in set {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw ValidationError("--set \(text): expected KEY=VALUE")
    }
    options[String(text[..<equals])] = String(text[text.index(after: equals)...])
  }
  return options
}
