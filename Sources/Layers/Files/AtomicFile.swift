import Glibc

/// A file that is written whole or not at all: beside its place first, then durable, then moved.
package struct AtomicFile {
  private let descriptor: Int32
  private let path: String

  /// Throws `FileError`, and what `body` throws; the old file then stays.
  package static func write(to path: String, _ body: (AtomicFile) throws -> Void) throws {
    var template = Array((path + ".XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw FileError(path, "creating a file beside it") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var isOpen = true
    do {
      try body(AtomicFile(descriptor: descriptor, path: path))
      guard fchmod(descriptor, 0o644) == 0 else { throw FileError(path, "setting permissions") }
      guard fsync(descriptor) == 0 else { throw FileError(path, "fsync") }
      isOpen = false
      guard close(descriptor) == 0 else { throw FileError(path, "close") }
      guard rename(template, path) == 0 else { throw FileError(path, "rename") }
    } catch {
      if isOpen { close(descriptor) }
      unlink(template)
      throw error
    }
    try syncDirectory(of: path)
  }

  /// Throws `FileError`.
  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw FileError(path, "write") }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Makes a move to `path` durable. Throws `FileError`.
  package static func syncDirectory(of path: String) throws {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path, "opening its directory") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw FileError(path, "fsync of its directory")
    }
  }
}
