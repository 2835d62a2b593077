import Glibc

/// Files that are complete or not there, whatever happens meanwhile.
package enum SafeFile {
  /// Replaces the file at `path` in one stroke; the bytes are on disk when this returns.
  ///
  /// Throws: `TransportError.badFile`, also for a full disk; the old file then stays.
  package static func write(
    _ bytes: [UInt8], to path: String, mode: mode_t = 0o600
  ) throws(TransportError) {
    let temporary = "\(path).new-\(getpid())"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else { throw problem(path, "cannot be written") }
    do throws(TransportError) {
      try append(bytes[...], to: file, path: path)
      guard fsync(file) == 0 else { throw problem(path, "cannot be written") }
    } catch {
      close(file)
      unlink(temporary)
      throw error
    }
    close(file)
    guard rename(temporary, path) == 0 else {
      let error = problem(path, "cannot be replaced")
      unlink(temporary)
      throw error
    }
    syncFolder(of: path)
  }

  /// Throws: `TransportError.badFile` if absent, unreadable or larger than `bytesMax`.
  package static func read(_ path: String, bytesMax: Int) throws(TransportError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw problem(path, "cannot be read") }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = Glibc.read(file, &piece, piece.count)
      guard count >= 0 else { throw problem(path, "cannot be read") }
      if count == 0 { return bytes }
      bytes += piece[..<count]
      guard bytes.count <= bytesMax else {
        throw .badFile(path: path, reason: "is larger than \(bytesMax) bytes")
      }
    }
  }

  static func append(
    _ bytes: ArraySlice<UInt8>, to file: Int32, path: String
  ) throws(TransportError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw problem(path, "cannot be written") }
      rest = rest.dropFirst(count)
    }
  }

  /// A rename is only durable once its folder is.
  static func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let file = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
  }

  /// Makes the folders above `path`.
  static func makeFolders(above path: String) throws(TransportError) {
    var index = path.startIndex
    while let slash = path[index...].dropFirst().firstIndex(of: "/") {
      let folder = String(path[..<slash])
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
        throw problem(folder, "cannot be made")
      }
      index = slash
    }
  }

  static func problem(_ path: String, _ what: String) -> TransportError {
    .badFile(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
  }
}
