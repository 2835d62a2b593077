/// A split of a data set on disk in one of the formats the house reads.
///
/// A format is a type that conforms, listed in `dataFormats`.
public protocol FileSource: SampleSource {
  /// As in `data: {path: DIR, format: NAME}`.
  static var format: String { get }
  /// One sentence: whose layout it is.
  static var summary: String { get }
  /// Its own keys in `data:`, each with what it means and what holds without it.
  static var options: [String: String] { get }

  /// Whether a data set looks like this format; a look at names, at most at a list's first line.
  static func recognises(_ files: any FileTree) -> Recognition
  /// The splits a data set in this format has, in the byte order of their names.
  ///
  /// Throws: `DataError` when the layout's folders are not there.
  static func splits(in files: any FileTree) throws -> [String]

  /// Opening reads lists and looks for files; what a sample's files hold is checked when they are
  /// read.
  ///
  /// Throws: `DataError` for a missing split or file, an empty list, a malformed line.
  init(_ opening: Opening) throws

  var files: any FileTree { get }
  /// What describes the split and was read when it was opened: class names, captions.
  var listFiles: [String] { get }
  /// What is read for a sample; the first file is its name in messages.
  func parts(at index: Int) -> [FilePart]
}

extension FileSource {
  public static var options: [String: String] { [:] }

  /// Throws: `DataError` for a missing split or file, an empty list, a malformed line.
  public init(files: any FileTree, split: String, options: [String: String] = [:]) throws {
    try self.init(Opening(files: files, split: split, options: options))
  }

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

  /// All splits as a job calls them, after making sure that the one to open is among them.
  static func splits(for opening: Opening) throws -> [String] {
    let splits = try splits(in: opening.files)
    let split = opening.split
    guard !splits.contains(split) else { return opening.jobNames(of: splits) }
    let near = nearest(to: split, among: splits).map { " Did you mean \($0)?" } ?? ""
    throw DataError(
      file: opening.files.root,
      problem: splits.isEmpty
        ? "has no splits in the expected layout" : "has no split \(split), only \(splits)",
      advice: "Name a split that is there, or check path and format.\(near)")
  }
}

extension FileTree {
  /// Names of a folder's files that end so, without the ending: splits, where lists lie there.
  func stems(in folder: String, ending: String) throws -> [String] {
    try names(in: folder).filter { $0.hasSuffix(ending) && isFile(inside(folder, $0)) }
      .map { String($0.dropLast(ending.count)) }
  }

  /// A name within a folder of the tree; the root is "".
  func inside(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : "\(folder)/\(name)"
  }

  /// Files below a folder by their names in the tree, in the byte order of each folder's names.
  ///
  /// `levels` bounds the descent, so that a link to a folder above ends.
  func filesBelow(
    _ folder: String, levels: Int = 6, where isWanted: (String) -> Bool
  ) throws -> [String] {
    try names(in: folder).flatMap { name -> [String] in
      let whole = inside(folder, name)
      switch kind(of: whole) {
      case .file: return isWanted(name) ? [whole] : []
      case .folder where levels > 1:
        return try filesBelow(whole, levels: levels - 1, where: isWanted)
      default: return []
      }
    }
  }

  /// The first line of a list, from its first 4 KiB; nil when there is none or it is no text.
  func firstLine(of file: String) -> String? {
    guard let count = try? byteCount(of: file),
      let bytes = try? bytes(of: file, in: 0..<min(count, 4_096)),
      let line = bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }).first
    else { return nil }
    return String(validating: line, as: UTF8.self)
  }
}
