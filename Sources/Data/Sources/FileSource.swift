/// A split of a data set on disk in one of the formats the house reads.
///
/// A format is a type that conforms, listed in `dataFormats`.
public protocol FileSource: SampleSource {
  /// As in `data: {path: DIR, format: NAME}`.
  static var format: String { get }
  /// One sentence: whose layout it is.
  static var summary: String { get }

  /// Opening reads lists and looks for files; what a sample's files hold is checked when they are
  /// read.
  ///
  /// Throws: `DataError` for a missing split or file, an empty list, a malformed line.
  init(files: any FileTree, split: String) throws

  var files: any FileTree { get }
  /// What describes the split and was read when it was opened: class names, captions.
  var listFiles: [String] { get }
  /// What is read for a sample; the first file is its name in messages.
  func parts(at index: Int) -> [FilePart]
}

extension FileSource {
  public func name(at index: Int) -> String { files.path(parts(at: index)[0].file) }

  public func manifest() throws -> DataManifest {
    let all = (0..<count).flatMap { parts(at: $0) } + listFiles.map { FilePart($0) }
    return DataManifest(
      origin: Self.format, split: split, classNames: classNames, labelNames: labelNames,
      entries: try all.map { part in
        try .init(
          file: part.file,
          byteCount: part.range?.count ?? files.byteCount(of: part.file))
      })
  }

  public func expect(_ samples: [Int]) {
    files.expect(samples.flatMap { parts(at: $0) })
  }
}

/// Refuses a split that is not there, naming those that are.
func requireSplit(_ split: String, among splits: [String], of root: String) throws {
  guard !splits.contains(split) else { return }
  let near = nearest(to: split, among: splits).map { " Did you mean \($0)?" } ?? ""
  throw DataError(
    file: root,
    problem: splits.isEmpty
      ? "has no splits in the expected layout" : "has no split \(split), only \(splits)",
    advice: "Name a split that is there, or check path and format.\(near)")
}
