/// The files of a data set, wherever they lie: a folder, packed shards, or another machine.
///
/// Names are relative to the root with "/" between their parts. Nothing here leads outside the root,
/// whatever a list file says. Any thread may ask.
public protocol FileTree: Sendable {
  /// What messages put before a name: a path, usually.
  var root: String { get }
  /// What the root holds by that name; nil for nothing, or for what is neither file nor folder.
  func kind(of name: String) -> FileKind?
  /// Names in a folder by their bytes, so that every machine lists alike; hidden ones left out. The
  /// root's own name is "".
  ///
  /// Throws: `DataError` for what is no folder.
  func names(in folder: String) throws -> [String]
  /// Throws: `DataError` for what is no file.
  func byteCount(of file: String) throws -> Int
  /// Throws: `DataError` for what is no file, cannot be read, or ends before the range.
  func bytes(of file: String, in range: Range<Int>) throws -> [UInt8]
  /// Says what will be asked for soon, in this order: whoever has to fetch it can begin.
  func expect(_ parts: [FilePart])
}

public enum FileKind: Hashable, Sendable { case file, folder }

/// Bytes of a file; nil for all.
public struct FilePart: Hashable, Sendable {
  public let file: String
  public let range: Range<Int>?

  public init(_ file: String, _ range: Range<Int>? = nil) {
    self.file = file
    self.range = range
  }
}

extension FileTree {
  public func expect(_ parts: [FilePart]) {}

  public func isFile(_ name: String) -> Bool { kind(of: name) == .file }
  public func isFolder(_ name: String) -> Bool { kind(of: name) == .folder }

  /// The name as messages show it.
  public func path(_ name: String) -> String { name.isEmpty ? root : "\(root)/\(name)" }

  /// A whole file.
  ///
  /// Throws: `DataError` when it is missing, unreadable or larger than `Files.byteCountMax`.
  public func bytes(of file: String) throws -> [UInt8] {
    let count = try byteCount(of: file)
    try Files.checkByteCount(count, of: path(file))
    return try bytes(of: file, in: 0..<count)
  }

  /// Throws: as `bytes`; `DataError` for what is not UTF-8.
  public func text(of file: String) throws -> String {
    try Files.text(bytes(of: file), path: path(file))
  }

  /// The lines without surrounding white space, empty ones left out.
  ///
  /// Throws: as `text`.
  public func lines(of file: String) throws -> [String] {
    try Files.lines(text(of: file), path: path(file))
  }

  /// The same with their numbers, from 1, empty lines counted.
  ///
  /// Throws: as `text`.
  func numberedLines(of file: String) throws -> [(number: Int, text: String)] {
    let lines = try Files.split(text(of: file), omittingEmpty: false, path: path(file))
    return lines.enumerated().map { ($0 + 1, $1.trimmed) }.filter { !$0.1.isEmpty }
  }

  /// Throws: `DataError` for a name that leads outside or is no file, saying where it stands.
  func requireFile(_ name: String, namedBy place: String) throws {
    guard Files.isInside(name) else {
      throw DataError(
        file: path(""),
        problem: "\(place) names \(name.prefix(200).debugDescription), which leads outside",
        advice: "Use names inside the data folder")
    }
    guard isFile(name) else {
      throw DataError(
        file: path(name), problem: "is missing, but \(place) lists it",
        advice: "Restore the file or take it out of the list")
    }
  }
}
