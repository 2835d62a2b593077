import ArgumentParser
import Data
import Training

struct Predict: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Apply a checkpoint to samples and print what it says of them.")

  @OptionGroup var model: ModelArguments
  @OptionGroup var compute: ComputeOptions
  @Option(help: "The split the samples are from.") var split = "test"
  @Option(help: "Which samples of the split, like 0,3,10-19; all by default.") var indices: String?
  @Option(help: "Folder for what a prediction has besides words, such as masks.")
  var out: String?
  @Flag(help: "Print JSON, one object a line.") var json = false
  @Flag(help: "Print CSV: the samples' names, then a column for everything a prediction says.")
  var csv = false

  /// So that memory does not grow with the data.
  private static let samplesAtOnce = 16

  func validate() throws {
    guard !json || !csv else {
      throw ValidationError("--json and --csv: give one of them, for one way to print.")
    }
  }

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    let trainer = try model.trainer(house.catalog)
    let source = try trainer.data.source(split)
    let chosen =
      try indices.map { try IndexList($0, count: source.count).indices }
      ?? Array(0..<source.count)
    if let out { try Files.makeFolder(out) }
    for start in stride(from: 0, to: chosen.count, by: Self.samplesAtOnce) {
      let part = Array(chosen[start..<min(chosen.count, start + Self.samplesAtOnce)])
      for (index, prediction) in try trainer.predict(source, indices: part).enumerated() {
        try show(prediction, isFirst: start + index == 0)
      }
    }
  }

  private func show(_ prediction: Prediction, isFirst: Bool) throws {
    var fields = prediction.fields
    if let out, let file = prediction.file {
      guard !file.name.contains("/"), !file.name.hasPrefix(".") else {
        throw TrainingError.write(path: file.name, problem: "is no name for a file in \(out)")
      }
      try Files.write(file.bytes, to: "\(out)/\(file.name)")
      fields.append(("file", "\(out)/\(file.name)"))
    }
    if csv {
      if isFirst { Terminal.output.line(csvLine(["id"] + fields.map(\.name))) }
      Terminal.output.line(csvLine([prediction.sample] + fields.map(\.value)))
    } else if json {
      let map = JobValue.map(
        Dictionary(
          [("sample", JobValue.text(prediction.sample))]
            + fields.map { ($0.name, JobValue.text($0.value)) }, uniquingKeysWith: { $1 }))
      Terminal.output.line(try jsonLine(map))
    } else {
      let words = fields.map { "\($0.name) \($0.value)" }.joined(separator: "  ")
      Terminal.output.line("\(prediction.sample)  \(words)")
    }
  }
}

/// Indices as people write them: "0,3,10-19".
package struct IndexList: Equatable {
  package let indices: [Int]

  /// Throws: `ValidationError` for what is no index below `count`.
  package init(_ text: String, count: Int) throws {
    var indices: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        first <= last, last < count
      else {
        throw ValidationError(
          "--indices: '\(part)' is not an index, or a range like 3-7, below \(count).")
      }
      indices += first...last
    }
    self.indices = indices
  }
}
