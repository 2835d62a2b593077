/// A folder of this machine.
public struct LocalFiles: FileTree {
  public let root: String

  /// Throws: `DataError` for what is no folder.
  public init(_ path: String) throws {
    guard Files.isFolder(path) else {
      throw DataError(
        file: path, problem: "is no folder", advice: "Name the data set's folder in data.path")
    }
    root = path
  }

  public func kind(of name: String) -> FileKind? {
    guard Files.isInside(name) else { return nil }
    return Files.isFile(path(name)) ? .file : Files.isFolder(path(name)) ? .folder : nil
  }

  public func names(in folder: String) throws -> [String] {
    try Files.names(in: checked(folder))
  }

  public func byteCount(of file: String) throws -> Int { try Files.byteCount(of: checked(file)) }

  public func bytes(of file: String, in range: Range<Int>) throws -> [UInt8] {
    try Files.bytes(of: checked(file), in: range)
  }

  private func checked(_ name: String) throws -> String {
    guard Files.isInside(name) else { throw Files.leadsOutside(name, of: root) }
    return path(name)
  }
}
