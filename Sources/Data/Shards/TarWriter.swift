#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a tar archive (ustar) front to back. The same members give the same bytes: no times, no
/// owners.
final class TarWriter {
  let path: String
  /// Bytes so far.
  private(set) var count = 0
  private var hash = SHA256()
  private let descriptor: Int32
  private var isClosed = false

  /// Throws: `DataError` if the file cannot be made.
  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Files.unwritable(path) }
  }

  deinit { if !isClosed { close(descriptor) } }

  /// Adds a file and returns where its content lies.
  ///
  /// Throws: `DataError` for a full disk, and for a name of more than 100 bytes.
  func add(_ name: String, _ content: [UInt8]) throws -> Range<Int> {
    guard name.utf8.count <= 100 else {
      throw DataError(
        file: name, problem: "is too long a name for a shard: \(name.utf8.count) bytes of 100",
        advice: "Shorten the file's name")
    }
    try put(Self.header(name, byteCount: content.count))
    let start = count
    try put(content)
    try put([UInt8](repeating: 0, count: (-content.count) & (TarReader.blockBytes - 1)))
    return start..<start + content.count
  }

  /// Ends the archive; returns its SHA-256.
  ///
  /// Throws: `DataError` when not all of it reached the disk.
  func finish() throws -> String {
    try put([UInt8](repeating: 0, count: 2 * TarReader.blockBytes))
    isClosed = true
    guard fsync(descriptor) == 0, close(descriptor) == 0 else { throw Files.unwritable(path) }
    return hash.hexadecimal()
  }

  private func put(_ bytes: [UInt8]) throws {
    try Files.append(bytes, to: descriptor, path)
    hash.add(bytes)
    count += bytes.count
  }

  private static func header(_ name: String, byteCount: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: TarReader.blockBytes)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    func octal(_ value: Int, _ digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    put(name, at: 0)
    put("0000644\0", at: 100)
    put("0000000\0", at: 108)
    put("0000000\0", at: 116)
    put(octal(byteCount, 11) + "\0", at: 124)
    put(octal(0, 11) + "\0", at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\0" + "00", at: 257)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, 6) + "\0 ", at: 148)
    return header
  }
}
