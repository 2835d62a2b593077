import Synchronization

/// Reads every sample of a data set, to find what is wrong before a job does.
public struct DataCheck: Sendable {
  /// How far the reading of a split has come.
  public struct Progress: Sendable {
    public let split: String
    public let done: Int
    public let count: Int
  }

  public let format: any FileSource.Type
  public let files: any FileTree
  public let options: [String: String]
  /// Problems of a split that are kept; of more, only their number.
  public static let problemsMax = 100_000
  /// Samples on the picture of a split.
  public static let drawnMax = 16

  /// Throws: `DataError` for options the format does not have.
  public init(
    format: any FileSource.Type, files: any FileTree, options: [String: String] = [:]
  ) throws {
    try format.check(options: options)
    self.format = format
    self.files = files
    self.options = options
  }

  /// The data set's splits.
  ///
  /// Throws: `DataError` when its layout is not there.
  public func splits() throws -> [String] {
    let splits = try format.splits(in: files)
    guard !splits.isEmpty else {
      throw DataError(
        file: files.root, problem: "has no splits in the layout of \(format.format)",
        advice: "It expects \(format.summary)")
    }
    return splits
  }

  /// Opens a split and reads all of it. Never throws for what is wrong with the data: that is in the
  /// report. The sheet shows some samples with their labels drawn in; nil when none can be drawn.
  public func run(
    split: String, progress: (Progress) -> Void = { _ in }
  ) -> (report: SplitReport, sheet: SampleSheet?) {
    let problems = ProblemList(max: Self.problemsMax)
    var tally = SplitTally(classNames: [], labelNames: [])
    var sheet: SampleSheet?
    var count = 0
    problems.attempt {
      let source = try format.init(
        Opening(files: files, split: split, options: options) { problems.add($0) })
      count = source.count
      tally = SplitTally(classNames: source.classNames, labelNames: source.labelNames)
      sheet = read(source, &tally, problems, progress)
    }
    let (kept, leftOut) = problems.all
    let report = SplitReport(
      split: split, sampleCount: count, problems: kept, problemsLeftOut: leftOut,
      summary: tally.summary)
    return (report, sheet)
  }

  private func read(
    _ source: any FileSource, _ tally: inout SplitTally, _ problems: ProblemList,
    _ progress: (Progress) -> Void
  ) -> SampleSheet? {
    var names: [String: Int] = [:]
    var sheet = SampleSheet(
      classNames: source.classNames, labelNames: source.labelNames, title: source.split)
    let pace = max(1, source.count / Self.drawnMax)
    for index in 0..<source.count {
      progress(Progress(split: source.split, done: index, count: source.count))
      problems.attempt {
        let name = source.name(at: index)
        let sample = try source.sample(at: index).decoded()
        if let other = names.updateValue(index, forKey: sample.id) {
          throw DataError(
            file: name, problem: "sample \(index) is named \(sample.id), as sample \(other) is",
            advice: "List each sample once")
        }
        let bytes = try source.parts(at: index).reduce(0) {
          try $0 + ($1.range?.count ?? files.byteCount(of: $1.file))
        }
        try tally.add(sample, byteCount: bytes, name: name)
        if index % pace == 0, sheet.cellCount < Self.drawnMax { sheet.add(sample) }
      }
    }
    progress(Progress(split: source.split, done: source.count, count: source.count))
    return sheet.cellCount > 0 ? sheet : nil
  }
}

/// Problems as they are found, up to a number.
private final class ProblemList: Sendable {
  private let state = Mutex<(kept: [DataError], leftOut: Int)>(([], 0))
  private let max: Int

  init(max: Int) { self.max = max }

  func add(_ problem: DataError) {
    state.withLock { state in
      if state.kept.count < max { state.kept.append(problem) } else { state.leftOut += 1 }
    }
  }

  /// Runs `body` and adds what it throws.
  func attempt(_ body: () throws -> Void) {
    do {
      try body()
    } catch let error as DataError {
      add(error)
    } catch {
      add(DataError(file: "data set", problem: "\(error)", advice: "Report this: it has no name"))
    }
  }

  var all: (kept: [DataError], leftOut: Int) { state.withLock { $0 } }
}
