/// A regular file inside a tar archive.
struct TarMember: Hashable, Sendable {
  let name: String
  /// Of its content, within the archive.
  let range: Range<Int>
}

/// Lists what a tar archive holds without reading its contents: ustar, GNU's long names and
/// POSIX.1-2001's extended headers (`path`, `size`).
///
/// Links, devices and folders are passed over. Nothing is ever unpacked, so that no name can lead
/// anywhere.
enum TarReader {
  static let blockBytes = 512
  /// A name or an extended header longer than this is damage.
  private static let textBytesMax = 64 << 10
  static let membersMax = 20_000_000

  /// Throws: `DataError` for what is no tar archive, is cut off, or contradicts itself.
  static func members(of archive: String, in files: any FileTree) throws -> [TarMember] {
    let count = try files.byteCount(of: archive)
    var members: [TarMember] = []
    var window = HeaderWindow(archive: archive, files: files, count: count)
    var position = 0
    var longName: String?
    var longSize: Int?
    func damaged(_ problem: String, at place: Int) -> DataError {
      DataError(
        file: files.path(archive), problem: "is damaged at byte \(place): \(problem)",
        advice: "Make the archive again, or restore it")
    }
    while position + blockBytes <= count {
      let header = try window.bytes(at: position)
      // Two zero blocks end an archive; one is as good.
      if header.allSatisfy({ $0 == 0 }) { return members }
      let start = position + blockBytes
      guard checksumHolds(header), let stated = number(header[124..<136]) else {
        throw damaged("this is no tar header", at: position)
      }
      let kind = header[156]
      let size =
        kind == UInt8(ascii: "x") || kind == UInt8(ascii: "L") ? stated : longSize ?? stated
      guard size <= count - start else {
        throw damaged("\(size) bytes are announced, \(count - start) are left", at: position)
      }
      switch kind {
      case UInt8(ascii: "L"), UInt8(ascii: "x"):
        guard size <= textBytesMax else { throw damaged("a name of \(size) bytes", at: position) }
        let bytes = try files.bytes(of: archive, in: start..<start + size)
        if kind == UInt8(ascii: "L") {
          longName = text(bytes[...])
        } else {
          guard let records = extendedRecords(bytes) else {
            throw damaged("its extended header is malformed", at: position)
          }
          longName = records["path"] ?? longName
          if let size = records["size"] {
            guard let value = Int(size), value >= 0 else {
              throw damaged("the size \(size.debugDescription)", at: position)
            }
            longSize = value
          }
        }
      case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
        members.append(
          TarMember(name: longName ?? name(in: header), range: start..<start + size))
        guard members.count <= membersMax else {
          throw damaged("more than \(membersMax) files", at: position)
        }
        (longName, longSize) = (nil, nil)
      default: (longName, longSize) = (nil, nil)
      }
      position = start + (size + blockBytes - 1) / blockBytes * blockBytes
    }
    // Some writers end without zero blocks; what is left is then less than a header.
    guard !members.isEmpty, position >= count || position == count / blockBytes * blockBytes else {
      throw damaged(count == 0 ? "it is empty" : "it ends in the middle of a header", at: position)
    }
    return members
  }

  private static func checksumHolds(_ header: ArraySlice<UInt8>) -> Bool {
    guard let stated = number(header[148..<156]) else { return false }
    let sum = header.indices.reduce(0) { sum, index in
      sum + ((148..<156).contains(index) ? 32 : Int(header[index]))
    }
    return sum == stated
  }

  /// Octal digits, or GNU's big-endian number after a byte 0x80; nil for anything else.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    if field.first == 0x80 {
      let bytes = field.dropFirst()
      guard bytes.dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
      return bytes.suffix(7).reduce(0) { $0 << 8 | Int($1) }
    }
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    guard digits.allSatisfy({ (48..<56).contains($0) }), digits.count < 20 else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 48) }
  }

  private static func name(in header: ArraySlice<UInt8>) -> String {
    let name = text(header[0..<100])
    let prefix =
      Array(header[257..<262]) == Array("ustar".utf8) && header[262] == 0
      ? text(header[345..<500]) : ""
    return prefix.isEmpty ? name : "\(prefix)/\(name)"
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// "LENGTH KEY=VALUE\n" …
  private static func extendedRecords(_ bytes: [UInt8]) -> [String: String]? {
    var records: [String: String] = [:]
    var rest = bytes[...]
    while !rest.isEmpty {
      let digits = rest.prefix { $0 != 32 }
      guard digits.count < 8, let length = Int(String(decoding: digits, as: UTF8.self)),
        length > digits.count + 2, length <= rest.count
      else { return nil }
      let record = rest.prefix(length)
      guard record.last == 10, let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        return nil
      }
      let key = record[(record.startIndex + digits.count + 1)..<equals]
      records[String(decoding: key, as: UTF8.self)] = String(
        decoding: record[(equals + 1)..<(record.endIndex - 1)], as: UTF8.self)
      rest = rest.dropFirst(length)
    }
    return records
  }
}

/// Reads headers with some of what follows them: small members come many to a read.
private struct HeaderWindow {
  let archive: String
  let files: any FileTree
  let count: Int
  private var start = 0
  private var content: [UInt8] = []
  private static let readBytes = 64 << 10

  init(archive: String, files: any FileTree, count: Int) {
    (self.archive, self.files, self.count) = (archive, files, count)
  }

  /// The 512 bytes at a position, with indices from 0.
  mutating func bytes(at position: Int) throws -> ArraySlice<UInt8> {
    if position < start || position + TarReader.blockBytes > start + content.count {
      start = position
      content = try files.bytes(
        of: archive, in: position..<min(count, position + Self.readBytes))
    }
    return content[(position - start)..<(position - start + TarReader.blockBytes)].rebased
  }
}

extension ArraySlice<UInt8> {
  fileprivate var rebased: ArraySlice<UInt8> { Array(self)[...] }
}
