import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#endif

/// Reading and writing whole files with a bound on their size.
package enum Files {
  /// Larger than any sane image or list; a device file or a mistaken archive stops here.
  package static let byteCountMax = 512 << 20

  /// Throws: `DataError` when the file is missing, unreadable, no plain file, or too large.
  package static func bytes(of path: String) throws -> [UInt8] {
    try withDescriptor(of: path) { descriptor, status in
      let size = Int(status.st_size)
      try checkByteCount(size, of: path)
      return try read(descriptor, 0..<size, path)
    }
  }

  /// Throws: `DataError` when the file is missing, unreadable, no plain file, or ends before the
  /// range does.
  package static func bytes(of path: String, in range: Range<Int>) throws -> [UInt8] {
    try withDescriptor(of: path) { descriptor, status in
      try checkRange(range, of: path, byteCount: Int(status.st_size))
      try checkByteCount(range.count, of: path)
      return try read(descriptor, range, path)
    }
  }

  /// As `bytes(of:in:)`, to a place of the range's length, if `check` finds nothing wrong with what
  /// the system knows of the file.
  static func read(
    _ path: String, in range: Range<Int>, into place: UnsafeMutableRawBufferPointer,
    once check: (stat) throws -> Void
  ) throws {
    try withDescriptor(of: path) { descriptor, status in
      try check(status)
      try checkRange(range, of: path, byteCount: Int(status.st_size))
      let count = try read(descriptor, range, into: place, path)
      try checkRange(range, of: path, byteCount: range.lowerBound + count)
    }
  }

  private static func checkRange(
    _ range: Range<Int>, of path: String, byteCount: Int
  ) throws {
    guard range.lowerBound >= 0, range.upperBound <= byteCount else {
      throw DataError(
        file: path,
        problem: "has \(byteCount) bytes; those from \(range.lowerBound) to "
          + "\(range.upperBound) were asked for",
        advice: "Restore the file: it became shorter")
    }
  }

  static func checkByteCount(_ count: Int, of path: String) throws {
    guard count <= byteCountMax else {
      throw DataError(
        file: path, problem: "has \(count) bytes, more than \(byteCountMax)",
        advice: "Split or re-encode it")
    }
  }

  private static func withDescriptor<Value>(
    of path: String, _ body: (_ descriptor: Int32, _ status: stat) throws -> Value
  ) throws -> Value {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw DataError(
        file: path, problem: "cannot be opened (\(lastError()))",
        advice: "Check the path and its permissions")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DataError(file: path, problem: "is no plain file", advice: "Name a file")
    }
    return try body(descriptor, status)
  }

  /// A file that ends earlier than its size said gives fewer bytes.
  static func read(
    _ descriptor: Int32, _ range: Range<Int>, _ path: String
  ) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      filled = try read(descriptor, range, into: UnsafeMutableRawBufferPointer(buffer), path)
    }
  }

  /// Returns: how many bytes there were.
  private static func read(
    _ descriptor: Int32, _ range: Range<Int>, into place: UnsafeMutableRawBufferPointer,
    _ path: String
  ) throws -> Int {
    var filled = 0
    while filled < range.count {
      let count = pread(
        descriptor, place.baseAddress.map { $0 + filled }, range.count - filled,
        off_t(range.lowerBound + filled))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw DataError(
          file: path, problem: "cannot be read (\(lastError()))", advice: "Check the disk")
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  package static func text(of path: String) throws -> String {
    try text(bytes(of: path), path: path)
  }

  static func text(_ bytes: [UInt8], path: String) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(file: path, problem: "is not UTF-8 text", advice: "Re-encode it as UTF-8")
    }
    return text
  }

  /// The lines without surrounding white space, empty ones left out.
  package static func lines(of path: String) throws -> [String] {
    try lines(text(of: path), path: path)
  }

  static func lines(_ text: String, path: String) throws -> [String] {
    try split(text, omittingEmpty: true, path: path).map { $0.trimmed }.filter { !$0.isEmpty }
  }

  /// Throws: `DataError` for more lines than any list has: each takes far more memory than bytes.
  static func split(_ text: String, omittingEmpty: Bool, path: String) throws -> [Substring] {
    let lines = text.split(
      maxSplits: linesMax, omittingEmptySubsequences: omittingEmpty, whereSeparator: \.isNewline)
    guard lines.count <= linesMax else {
      throw DataError(
        file: path, problem: "has more than \(linesMax) lines", advice: "Split it")
    }
    return lines
  }

  private static let linesMax = 20_000_000

  /// Whether a name stays inside the folder it is relative to: not absolute, no "..", no zero byte.
  static func isInside(_ name: String) -> Bool {
    !name.hasPrefix("/") && !name.utf8.contains(0)
      && !name.split(separator: "/").contains("..")
  }

  static func leadsOutside(_ name: String, of root: String) -> DataError {
    DataError(
      file: root,
      problem: "was asked for \(name.prefix(200).debugDescription), which leads outside",
      advice: "Use names inside the data folder")
  }

  package static func byteCount(of path: String) throws -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw DataError(
        file: path, problem: "cannot be found (\(lastError()))", advice: "Check the path")
    }
    return Int(status.st_size)
  }

  package static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Names in a folder by their bytes, so that every machine lists alike; hidden ones left out.
  package static func names(in folder: String) throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw DataError(
        file: folder, problem: "cannot be listed", advice: "Check the path and its permissions")
    }
    return names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw DataError(
        file: path, problem: "cannot be made (\(error))", advice: "Choose a writable folder")
    }
  }

  /// Throws: `DataError` when the bytes did not all reach the file, a full disk included.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw unwritable(path) }
    do { try append(bytes, to: descriptor, path) } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw unwritable(path) }
  }

  /// Throws: `DataError` when the bytes were not all taken.
  static func append(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
    try writeAll(bytes, path) { _, rest in Glibc.write(descriptor, rest.baseAddress, rest.count) }
  }

  /// Throws: `DataError` when the bytes were not all taken.
  static func write(
    _ bytes: [UInt8], at offset: Int, of descriptor: Int32, _ path: String
  ) throws {
    try writeAll(bytes, path) { written, rest in
      pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + written))
    }
  }

  /// `write`: Gets how many are written and the rest; returns how many it took.
  private static func writeAll(
    _ bytes: [UInt8], _ path: String, _ write: (Int, UnsafeRawBufferPointer) -> Int
  ) throws {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(written, UnsafeRawBufferPointer(rebasing: $0[written...]))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw unwritable(path) }
      written += count
    }
  }

  /// Throws: `DataError`.
  static func rename(_ path: String, to target: String) throws {
    guard Glibc.rename(path, target) == 0 else { throw unwritable(target) }
  }

  /// Removes a file, if it is there.
  static func remove(_ path: String) { unlink(path) }

  static func unwritable(_ path: String) -> DataError {
    DataError(
      file: path, problem: "cannot be written (\(lastError()))",
      advice: "Check permissions and free space")
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}

extension StringProtocol {
  package var trimmed: String {
    var part = self[...]
    while part.first?.isWhitespace == true { part = part.dropFirst() }
    while part.last?.isWhitespace == true { part = part.dropLast() }
    return String(part)
  }
}
