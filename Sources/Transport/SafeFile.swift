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

  /// What is wrong with the rights of a file that holds a secret; nil if nothing is.
  ///
  /// Nobody but its owner may read or write it. Excepted are files as containers get their secrets:
  /// on a file system mounted read-only, or root's and not writable for this user.
  static func exposure(of path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return nil }
    if status.st_uid == 0, geteuid() != 0, access(path, W_OK) != 0 { return nil }
    var volume = statvfs()
    if statvfs(path, &volume) == 0, volume.f_flag & UInt(ST_RDONLY) != 0 { return nil }
    let mode = String(status.st_mode & 0o7777, radix: 8)
    let advice =
      status.st_uid == geteuid()
      ? "chmod 600 \(path)" : "install -m 600 \(path) own.json, and use that copy"
    return "holds a secret key, and others may read or change it (mode 0\(mode)); run: \(advice)"
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
