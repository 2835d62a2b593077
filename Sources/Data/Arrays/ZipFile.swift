import CZlib

/// The members of a zip archive, as NumPy's `.npz` is one: found by the directory at its end, stored
/// or packed by DEFLATE. Nothing is ever unpacked to a disk.
struct ZipFile {
  struct Member {
    let name: String
    let isPacked: Bool
    let checksum: UInt32
    /// Of the packed bytes with the local header before them.
    let place: Int
    let packedCount: Int
    let count: Int
  }

  let members: [Member]
  private let file: String
  private let path: String
  private let files: any FileTree

  private static let directoryMax = 64 << 20
  private static let membersMax = 1 << 16

  /// Reads the directory only.
  ///
  /// Throws: `DataError` for what is no zip archive, or names what leads outside of one.
  init(_ file: String, in files: any FileTree) throws {
    (self.file, self.files, path) = (file, files, files.path(file))
    let size = try files.byteCount(of: file)
    let tailStart = max(0, size - (65_535 + 22))
    let tail = try files.bytes(of: file, in: tailStart..<size)
    let signature: [UInt8] = [0x50, 0x4B, 5, 6]
    let end = tail.indices.last { index in
      index + 22 <= tail.count && tail[index] == 0x50
        && tail[index..<index + 4].elementsEqual(signature)
    }
    guard let end else {
      throw DataError(
        file: path, problem: "has no directory at its end, as zip archives have",
        advice: "Copy the file again: it is cut short or of another format")
    }
    var reader = ByteReader(tail[end...], file: path)
    try reader.skip(10)
    let count = Int(try reader.integer(UInt16.self))
    let length = Int(try reader.integer(UInt32.self))
    let start = Int(try reader.integer(UInt32.self))
    guard length <= Self.directoryMax, start + length <= tailStart + end else {
      throw reader.problem("has a directory of \(length) bytes at \(start), beyond its end")
    }
    var directory = ByteReader(
      try files.bytes(of: file, in: start..<start + length), file: path)
    var members: [Member] = []
    for _ in 0..<min(count, Self.membersMax) {
      members.append(try Self.member(&directory, end: start))
    }
    // A few bytes that stand for many members would unpack to more than the file can hold.
    guard members.reduce(0, { $0 + $1.packedCount }) <= start else {
      throw reader.problem("has members that lie over each other")
    }
    self.members = members
  }

  /// A member's bytes, with their checksum compared.
  ///
  /// Throws: `DataError` for damaged bytes, or more than `Files.byteCountMax` of them.
  func bytes(of member: Member) throws -> [UInt8] {
    let start = try dataStart(of: member)
    let packed = try files.bytes(of: file, in: start..<start + member.packedCount)
    try Files.checkByteCount(member.count, of: "\(path), \(member.name)")
    let bytes =
      member.isPacked
      ? try Inflate.unpacked(
        packed[...], .none, file: path, bytesMax: member.count, expected: member.count) : packed
    let checksum = bytes.withUnsafeBufferPointer {
      crc32_z(0, $0.baseAddress, $0.count)
    }
    guard bytes.count == member.count, UInt32(truncatingIfNeeded: checksum) == member.checksum
    else {
      throw DataError(
        file: path, problem: "\(member.name) is damaged: its checksum differs",
        advice: "Copy the file again")
    }
    return bytes
  }

  /// Where a member's own bytes begin.
  func dataStart(of member: Member) throws -> Int {
    let head = try files.bytes(of: file, in: member.place..<member.place + 30)
    var reader = ByteReader(head, file: path)
    guard try reader.integer(UInt32.self) == 0x0403_4B50 else {
      throw reader.problem("has no member at byte \(member.place)")
    }
    try reader.skip(22)
    let sizes = (Int(try reader.integer(UInt16.self)), Int(try reader.integer(UInt16.self)))
    return member.place + 30 + sizes.0 + sizes.1
  }

  private static func member(_ reader: inout ByteReader, end: Int) throws -> Member {
    guard try reader.integer(UInt32.self) == 0x0201_4B50 else {
      throw reader.problem("has a damaged directory")
    }
    try reader.skip(4)
    let flags = try reader.integer(UInt16.self)
    let method = try reader.integer(UInt16.self)
    try reader.skip(4)
    let checksum = try reader.integer(UInt32.self)
    var sizes = [Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self))]
    let nameLength = Int(try reader.integer(UInt16.self))
    let extraLength = Int(try reader.integer(UInt16.self))
    let commentLength = Int(try reader.integer(UInt16.self))
    try reader.skip(8)
    var place = Int(try reader.integer(UInt32.self))
    let name = String(decoding: try reader.take(nameLength), as: UTF8.self)
    var extra = ByteReader(try reader.take(extraLength), file: reader.file)
    try reader.skip(commentLength)
    // Sizes beyond 32 bits stand in a field of their own, in this order, those that do not fit.
    while extra.remaining >= 4 {
      let code = try extra.integer(UInt16.self)
      var field = ByteReader(
        try extra.take(Int(try extra.integer(UInt16.self))), file: reader.file)
      guard code == 1 else { continue }
      for index in [1, 0] where sizes[index] == 0xFFFF_FFFF { sizes[index] = try field.size() }
      if place == 0xFFFF_FFFF { place = try field.size() }
    }
    guard Files.isInside(name) else {
      throw DataError(
        file: reader.file,
        problem: "has a member \(name.prefix(200).debugDescription), which leads outside",
        advice: "Do not trust this archive; get it from where it was made")
    }
    guard method == 0 || method == 8, flags & 1 == 0 else {
      throw reader.problem("packs \(name.prefix(200)) by method \(method) or encrypts it")
    }
    guard place <= end, sizes[0] <= end - place, method == 8 || sizes[0] == sizes[1] else {
      throw reader.problem(
        "has \(name.prefix(200)) of \(sizes[0]) bytes at \(place), beyond its end")
    }
    return Member(
      name: name, isPacked: method == 8, checksum: checksum, place: place, packedCount: sizes[0],
      count: sizes[1])
  }
}
