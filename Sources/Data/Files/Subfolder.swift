/// A folder of a tree as a tree of its own.
struct Subfolder: FileTree {
  let base: any FileTree
  let folder: String

  var root: String { base.path(folder) }

  func kind(of name: String) -> FileKind? {
    // What leads out of the folder may still be inside the base.
    Files.isInside(name) ? base.kind(of: whole(name)) : nil
  }

  func names(in folder: String) throws -> [String] { try base.names(in: checked(folder)) }
  func byteCount(of file: String) throws -> Int { try base.byteCount(of: checked(file)) }

  func bytes(of file: String, in range: Range<Int>) throws -> [UInt8] {
    try base.bytes(of: checked(file), in: range)
  }

  private func whole(_ name: String) -> String { name.isEmpty ? folder : "\(folder)/\(name)" }

  private func checked(_ name: String) throws -> String {
    guard Files.isInside(name) else { throw Files.leadsOutside(name, of: root) }
    return whole(name)
  }
}
