/// Few bytes that unpack to many.
enum Bomb {
  /// DEFLATE blocks of `start` and then so many bytes of the same value, 158 times as many as are
  /// here; the end is missing.
  static func deflated(_ start: [UInt8], then value: UInt8 = 0, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    if !start.isEmpty {
      let size = UInt16(start.count)
      bytes = [0, UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255), UInt8(~size >> 8)]
      bytes += start
    }
    // A block in the fixed code: the letter, then "258 times what was before", 13 bits each.
    precondition(value < 144, "Bomb: letters below 144 have 8 bits")
    let matches = count / 258 + 8
    var bits = [true, true, false]  // the last block, fixed code
    bits += (0..<8).map { (0x30 + value) >> (7 - $0) & 1 == 1 }
    let match = (0..<13).map { (0b1100_0101_00000 >> (12 - $0)) & 1 == 1 }
    for _ in 0..<16 { bits += match }
    func byte(_ index: Int) -> UInt8 {
      (0..<8).reduce(0) { $0 | (bits[8 * index + $1] ? 1 << UInt8($1) : 0) }
    }
    // From the third byte on the same 13 bytes come again.
    bytes += [byte(0), byte(1)]
    let period = (2..<15).map(byte)
    for _ in 0..<matches / 8 { bytes += period }
    return bytes
  }

  static func zlib(_ start: [UInt8] = [], then value: UInt8 = 0, count: Int) -> [UInt8] {
    [0x78, 0x01] + deflated(start, then: value, count: count)
  }

  static func gzip(_ start: [UInt8] = [], then value: UInt8 = 0, count: Int) -> [UInt8] {
    [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + deflated(start, then: value, count: count)
  }

  /// A zip archive: members' names, what the directory says they unpack to, and their packed bytes;
  /// those without bytes lie where the one before them does.
  static func zip(_ members: [(name: String, count: UInt32, packed: [UInt8]?)]) -> [UInt8] {
    var (file, directory) = (LittleEndian(), LittleEndian())
    var (place, size) = (0, 0)
    for member in members {
      if let packed = member.packed {
        (place, size) = (file.count, packed.count)
        file.add(UInt32(0x0403_4B50))
        file.add(UInt16(20), 0, 8, 0, 0)
        file.add(UInt32(0), UInt32(packed.count), member.count)
        file.add(UInt16(member.name.utf8.count), 0)
        file.add(text: member.name)
        file.add(packed)
      }
      directory.add(UInt32(0x0201_4B50))
      directory.add(UInt16(20), 20, 0, 8, 0, 0)
      directory.add(UInt32(0), UInt32(size), member.count)
      directory.add(UInt16(member.name.utf8.count), 0, 0, 0, 0)
      directory.add(UInt32(0), UInt32(place))
      directory.add(text: member.name)
    }
    let start = file.count
    file.add(directory.bytes)
    file.add(UInt32(0x0605_4B50))
    file.add(UInt16(0), 0, UInt16(members.count), UInt16(members.count))
    file.add(UInt32(directory.count), UInt32(start))
    file.add(UInt16(0))
    return file.bytes
  }

  /// MATLAB's file of version 5 with one packed variable.
  static func matlab(_ packed: [UInt8]) -> [UInt8] {
    var file = LittleEndian()
    file.add(text: "MATLAB 5.0 MAT-file", padded: 124)
    file.add(UInt16(0x0100))
    file.add(text: "IM")
    file.add(UInt32(15), UInt32(packed.count))
    file.add(packed)
    return file.bytes
  }
}

/// Tar archives as nobody's tar writes them.
enum TarBuilder {
  struct Entry {
    var name: String
    var kind: UInt8 = UInt8(ascii: "0")
    var link = ""
    var content: [UInt8] = []
    /// What the header says, where that is not the truth.
    var size: [UInt8]?
  }

  static func archive(_ entries: [Entry]) -> [UInt8] {
    entries.flatMap(bytes) + [UInt8](repeating: 0, count: 1_024)
  }

  private static func bytes(_ entry: Entry) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], _ place: Int) {
      header.replaceSubrange(place..<place + bytes.count, with: bytes)
    }
    func octal(_ value: Int, _ digits: Int) -> [UInt8] {
      let text = String(value, radix: 8)
      return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
    }
    put(Array(entry.name.utf8.prefix(100)), 0)
    put(Array("0000644".utf8), 100)
    put(entry.size ?? octal(entry.content.count, 11), 124)
    header[156] = entry.kind
    put(Array(entry.link.utf8), 157)
    put(Array("ustar".utf8), 257)
    put(Array("00".utf8), 263)
    put([UInt8](repeating: 32, count: 8), 148)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + [0, 32], 148)
    let padding = (512 - entry.content.count % 512) % 512
    return header + entry.content + [UInt8](repeating: 0, count: padding)
  }
}
