/// An HDF5 file in memory: the root group's data sets by name.
///
/// What h5py, MATLAB and libhdf5 write by default is read: superblocks 0 to 3, object headers of both
/// versions, groups of either kind with few members, data sets in one piece or in chunks found by a
/// B-tree, packed by deflate, shuffle and fletcher32. The rest of the format is refused by name.
struct HDF5File {
  let bytes: [UInt8]
  let path: String
  /// Addresses of object headers.
  private(set) var members: [String: Int] = [:]

  static let undefined = UInt64.max
  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
  private static let membersMax = 4_096

  /// Throws: `DataError` for what is damaged or of a kind that is not read.
  init(_ bytes: [UInt8], file: String) throws {
    // Others' bytes may stand before it, 512 or a multiple by a power of two: MATLAB's do.
    let starts = [0] + (9..<20).map { 1 << $0 }
    let start = starts.first { $0 < bytes.count && bytes[$0...].starts(with: Self.signature) }
    self.bytes = start.map { $0 > 0 ? Array(bytes[$0...]) : bytes } ?? []
    path = file
    guard let start else { throw unreadable("does not begin as HDF5 does") }
    var reader = reader(at: 8)
    let version = try reader.integer(UInt8.self)
    switch version {
    case 0, 1:
      try reader.seek(13)
      try checkWidths(&reader)
      // Further on: the root group's entry, behind four addresses.
      try reader.seek(version == 0 ? 24 : 28)
      try checkBase(&reader, start)
      try reader.skip(24 + 8)
      try addMembers(ofGroupAt: try address(&reader))
    case 2, 3:
      try checkWidths(&reader)
      try reader.skip(1)
      try checkBase(&reader, start)
      try reader.skip(16)
      try addMembers(ofGroupAt: try address(&reader))
    default: throw unreadable("has a superblock of version \(version)")
    }
  }

  /// Throws: `DataError` when there is none of this name, or it cannot be read.
  func array(named name: String) throws -> StoredArray {
    guard let place = members[name] else {
      throw DataError(
        file: path, problem: "has no data set \(name), only \(members.keys.sorted().prefix(20))",
        advice: "Name one that is there")
    }
    return try HDF5Dataset(self, messages: try messages(at: place), name: name).array()
  }

  func reader(at place: Int) -> ByteReader {
    var reader = ByteReader(bytes, file: path)
    // A place beyond the end leaves nothing to take.
    try? reader.seek(min(place, bytes.count))
    return reader
  }

  /// A place in the file.
  func address(_ reader: inout ByteReader) throws -> Int {
    let value = try reader.integer(UInt64.self)
    guard value < UInt64(bytes.count) else {
      throw reader.problem("refers to byte \(value) of \(bytes.count)")
    }
    return Int(value)
  }

  func unreadable(_ what: String) -> DataError {
    DataError(
      file: path, problem: what,
      advice: "Copy the file again, or write it as h5py does by default (without libver)")
  }

  private func checkWidths(_ reader: inout ByteReader) throws {
    let widths = [try reader.integer(UInt8.self), try reader.integer(UInt8.self)]
    guard widths == [8, 8] else { throw unreadable("has addresses and sizes of \(widths) bytes") }
  }

  /// Places are counted from there.
  private func checkBase(_ reader: inout ByteReader, _ start: Int) throws {
    let base = try reader.integer(UInt64.self)
    guard base == UInt64(start) else {
      throw unreadable("says that it begins at byte \(base), and begins at \(start)")
    }
  }

  private mutating func addMembers(ofGroupAt place: Int) throws {
    for message in try messages(at: place) {
      var reader = message.reader
      switch message.kind {
      case .symbolTable:
        let tree = try address(&reader)
        let heap = try names(at: try address(&reader))
        var budget = Self.membersMax
        try addSymbols(at: tree, level: nil, heap: heap, &budget)
      case .link: try addLink(&reader)
      case .linkInfo:
        try reader.skip(1)
        let flags = try reader.integer(UInt8.self)
        try reader.skip(flags & 1 == 1 ? 8 : 0)
        guard try reader.integer(UInt64.self) == Self.undefined else {
          throw unreadable("has a group whose many members are in a heap, which is not read")
        }
      default: break
      }
    }
  }

  private mutating func add(_ name: String, _ place: Int) throws {
    guard members.count < Self.membersMax else {
      throw unreadable("has more than \(Self.membersMax) members in its root group")
    }
    members[name] = place
  }

  /// The texts of a local heap.
  private func names(at place: Int) throws -> ArraySlice<UInt8> {
    var reader = reader(at: place)
    guard try reader.text(4) == "HEAP" else { throw unreadable("has no heap at byte \(place)") }
    try reader.skip(4)
    let size = try reader.size()
    try reader.skip(8)
    var data = self.reader(at: try address(&reader))
    return try data.take(size)
  }

  /// A tree's levels go down by one, so that no loop of nodes is followed for ever; `budget` bounds
  /// the nodes, so that many ways to one node are not all taken.
  private mutating func addSymbols(
    at place: Int, level: UInt8?, heap: ArraySlice<UInt8>, _ budget: inout Int
  ) throws {
    budget -= 1
    guard budget > 0 else { throw unreadable("has a group of too many nodes") }
    var reader = reader(at: place)
    if level == 0 {
      guard try reader.text(4) == "SNOD" else {
        throw unreadable("has no symbols at byte \(place)")
      }
      try reader.skip(2)
      let count = try reader.integer(UInt16.self)
      for _ in 0..<count {
        let offset = try reader.size()
        guard offset < heap.count else {
          throw unreadable("has a name at byte \(offset) of its heap")
        }
        let name = String(decoding: heap.dropFirst(offset).prefix { $0 != 0 }, as: UTF8.self)
        try add(name, try address(&reader))
        try reader.skip(24)
      }
      return
    }
    guard try reader.text(4) == "TREE", try reader.integer(UInt8.self) == 0 else {
      throw unreadable("has no group at byte \(place)")
    }
    let own = try reader.integer(UInt8.self)
    guard level.map({ own + 1 == $0 }) ?? (own < 16) else {
      throw unreadable("has a tree of wrong levels")
    }
    let count = try reader.integer(UInt16.self)
    try reader.skip(16)
    for _ in 0..<count {
      try reader.skip(8)
      try addSymbols(at: try address(&reader), level: own, heap: heap, &budget)
    }
  }

  private mutating func addLink(_ reader: inout ByteReader) throws {
    guard try reader.integer(UInt8.self) == 1 else { throw unreadable("has an unknown link") }
    let flags = try reader.integer(UInt8.self)
    let kind = flags & 8 != 0 ? try reader.integer(UInt8.self) : 0
    try reader.skip((flags & 4 != 0 ? 8 : 0) + (flags & 16 != 0 ? 1 : 0))
    var length = 0
    for index in 0..<(1 << Int(flags & 3)) {
      let byte = Int(try reader.integer(UInt8.self))
      guard index < 4 || byte == 0 else { throw unreadable("has a link with an endless name") }
      length |= index < 4 ? byte << (8 * index) : 0
    }
    let name = try reader.text(length)
    // Links to other files and names are left alone.
    if kind == 0 { try add(name, try address(&reader)) }
  }
}
