/// A data set's shape, type and storage, by its header.
struct HDF5Dataset {
  private enum Layout {
    case whole(ArraySlice<UInt8>)
    case chunks(tree: Int, shape: [Int])
  }

  /// Of a chunk that is larger than its data set.
  private static let chunkBytesMax = 16 << 20

  private enum Filter: UInt16 { case deflate = 1, shuffle = 2, fletcher32 = 3 }

  private let file: HDF5File
  private let name: String
  private let shape: [Int]
  private let type: ElementType
  private let isBigEndian: Bool
  private let layout: Layout
  private let filters: [Filter]

  /// Throws: `DataError` for what is damaged, too large, or of a kind that is not read.
  init(_ file: HDF5File, messages: [HDF5Message], name: String) throws {
    self.file = file
    self.name = name
    func reader(_ kind: HDF5Message.Kind, _ what: String) throws -> ByteReader {
      guard let message = messages.first(where: { $0.kind == kind }) else {
        throw file.unreadable("\(name) has no \(what)")
      }
      return message.reader
    }
    var space = try reader(.dataspace, "shape: it is no data set")
    shape = try Self.shape(&space, file, name)
    var element = try reader(.datatype, "type")
    (type, isBigEndian) = try Self.type(&element, file, name)
    guard DeclaredSize.product(shape + [type.byteCount], most: 4 * Volume.countMax) != nil else {
      throw file.unreadable("\(name) has shape \(shape) of \(type): more than 1 GiB")
    }
    var place = try reader(.layout, "storage")
    layout = try Self.layout(
      &place, file, name, rank: shape.count, width: type.byteCount,
      byteCount: shape.reduce(1, *) * type.byteCount)
    var filters: [Filter] = []
    if var pipeline = messages.first(where: { $0.kind == .filters })?.reader {
      filters = try Self.filters(&pipeline, file, name)
    }
    self.filters = filters
  }

  func array() throws -> StoredArray {
    let bytes: ArraySlice<UInt8>
    switch layout {
    case .whole(let content): bytes = content
    case .chunks(let tree, let chunk): bytes = try assembled(tree: tree, chunk: chunk)[...]
    }
    return StoredArray(shape: shape, type: type, isBigEndian: isBigEndian, bytes: bytes)
  }

  private static func shape(
    _ reader: inout ByteReader, _ file: HDF5File, _ name: String
  ) throws -> [Int] {
    let version = try reader.integer(UInt8.self)
    let rank = Int(try reader.integer(UInt8.self))
    guard (1...2).contains(version), rank <= 32 else {
      throw file.unreadable("\(name) has a shape of version \(version) and \(rank) axes")
    }
    try reader.skip(version == 1 ? 6 : 2)
    let shape = try (0..<rank).map { _ in try reader.size() }
    guard DeclaredSize.product(shape, most: Volume.countMax) != nil else {
      throw file.unreadable(
        "\(name) has shape \(shape), at most \(Volume.countMax) values are read")
    }
    return shape
  }

  private static func type(
    _ reader: inout ByteReader, _ file: HDF5File, _ name: String
  ) throws -> (ElementType, isBigEndian: Bool) {
    let kind = try reader.integer(UInt8.self) & 15
    let bits = try reader.integer(UInt8.self)
    try reader.skip(2)
    let size = try reader.integer(UInt32.self)
    // An enumeration, as Booleans are, is its numbers.
    if kind == 8 {
      let base = try reader.integer(UInt8.self) & 15
      guard base == 0 else { throw file.unreadable("\(name) enumerates no numbers") }
      let baseBits = try reader.integer(UInt8.self)
      return (try integer(size, baseBits, file, name), baseBits & 1 == 1)
    }
    switch (kind, size) {
    case (0, _): return (try integer(size, bits, file, name), bits & 1 == 1)
    case (1, 2), (1, 4), (1, 8):
      try reader.skip(5)
      let exponent = try reader.integer(UInt8.self)
      let type: ElementType = size == 2 ? .float16 : size == 4 ? .float32 : .float64
      guard exponent == [2: 5, 4: 8, 8: 11][size], bits & 0x40 == 0 else {
        throw file.unreadable("\(name) has numbers that are not IEEE's")
      }
      return (type, bits & 1 == 1)
    default:
      throw file.unreadable("\(name) has elements of class \(kind) and \(size) bytes, no numbers")
    }
  }

  private static func integer(
    _ size: UInt32, _ bits: UInt8, _ file: HDF5File, _ name: String
  ) throws -> ElementType {
    let types: [UInt32: (ElementType, ElementType)] = [
      1: (.uint8, .int8), 2: (.uint16, .int16), 4: (.uint32, .int32), 8: (.uint64, .int64),
    ]
    guard let pair = types[size] else {
      throw file.unreadable("\(name) has whole numbers of \(size) bytes")
    }
    return bits & 8 != 0 ? pair.1 : pair.0
  }

  private static func layout(
    _ reader: inout ByteReader, _ file: HDF5File, _ name: String, rank: Int, width: Int,
    byteCount: Int
  ) throws -> Layout {
    let version = try reader.integer(UInt8.self)
    let kind = try reader.integer(UInt8.self)
    switch (version, kind) {
    case (3, 0), (4, 0):
      let size = Int(try reader.integer(UInt16.self))
      guard size == byteCount else {
        throw file.unreadable("\(name) has \(size) bytes, \(byteCount) expected")
      }
      return .whole(try reader.take(size))
    case (3, 1), (4, 1):
      let place = try file.address(&reader)
      guard try reader.size() == byteCount else {
        throw file.unreadable("\(name) is stored in another size than its shape has")
      }
      var data = file.reader(at: place)
      return .whole(try data.take(byteCount))
    case (3, 2):
      guard Int(try reader.integer(UInt8.self)) == rank + 1 else {
        throw file.unreadable("\(name) has chunks of other axes than its own")
      }
      let tree = try file.address(&reader)
      let shape = try (0..<rank).map { _ in Int(try reader.integer(UInt32.self)) }
      guard Int(try reader.integer(UInt32.self)) == width, shape.allSatisfy({ $0 > 0 }),
        DeclaredSize.product(shape + [width], most: max(byteCount, chunkBytesMax)) != nil
      else { throw file.unreadable("\(name) has chunks of shape \(shape)") }
      return .chunks(tree: tree, shape: shape)
    default:
      throw file.unreadable("\(name) has a layout of version \(version), class \(kind)")
    }
  }

  private static func filters(
    _ reader: inout ByteReader, _ file: HDF5File, _ name: String
  ) throws -> [Filter] {
    let version = try reader.integer(UInt8.self)
    let count = try reader.integer(UInt8.self)
    guard (1...2).contains(version), count <= 32 else {
      throw file.unreadable("\(name) has filters of version \(version)")
    }
    try reader.skip(version == 1 ? 6 : 0)
    return try (0..<count).map { _ in
      let code = try reader.integer(UInt16.self)
      let nameSize = version == 1 || code >= 256 ? Int(try reader.integer(UInt16.self)) : 0
      try reader.skip(2)
      let values = Int(try reader.integer(UInt16.self))
      try reader.skip(version == 1 ? (nameSize + 7) / 8 * 8 : nameSize)
      try reader.skip(4 * (version == 1 ? (values + 1) / 2 * 2 : values))
      guard let filter = Filter(rawValue: code) else {
        throw file.unreadable("\(name) is packed by filter \(code); deflate and shuffle are read")
      }
      return filter
    }
  }
}

extension HDF5Dataset {
  private struct Chunk {
    let place: Range<Int>
    let skipped: UInt32  // filters, a bit each
    let offsets: [Int]
  }

  /// The chunks put together; every one must be there.
  private func assembled(tree: Int, chunk: [Int]) throws -> [UInt8] {
    let grid = zip(shape, chunk).map { ($0 + $1 - 1) / $1 }
    let expected = grid.reduce(1, *)
    guard expected <= file.bytes.count / (24 + 8 * shape.count) else {
      throw file.unreadable("\(name) has \(expected) chunks, which have no room in the file")
    }
    var chunks: [Chunk] = []
    // No more nodes than have room in the file, however often they refer to each other.
    var budget = min(2 * expected + 64, file.bytes.count / 24)
    if expected > 0 { try find(&chunks, at: tree, level: nil, chunk, expected, &budget) }
    guard chunks.count == expected, Set(chunks.map(\.offsets)).count == expected else {
      throw file.unreadable("\(name) has \(chunks.count) chunks of \(expected)")
    }
    // A few bytes that stand for many chunks would unpack to more than the file can hold.
    guard chunks.reduce(0, { $0 + $1.place.count }) <= file.bytes.count else {
      throw file.unreadable("\(name) has chunks that lie over each other")
    }
    let chunkBytes = chunk.reduce(type.byteCount, *)
    var result = [UInt8](repeating: 0, count: shape.reduce(type.byteCount, *))
    for piece in chunks {
      let content = try unpacked(piece, byteCount: chunkBytes)
      copy(content, piece.offsets, chunk, into: &result)
    }
    return result
  }

  private func find(
    _ chunks: inout [Chunk], at place: Int, level: UInt8?, _ shape: [Int], _ expected: Int,
    _ budget: inout Int
  ) throws {
    budget -= 1
    guard budget > 0 else { throw file.unreadable("\(name) has a tree of too many nodes") }
    var reader = file.reader(at: place)
    guard try reader.text(4) == "TREE", try reader.integer(UInt8.self) == 1 else {
      throw file.unreadable("\(name) has no chunks at byte \(place)")
    }
    let own = try reader.integer(UInt8.self)
    guard level.map({ own + 1 == $0 }) ?? (own < 16) else {
      throw file.unreadable("\(name) has a tree of wrong levels")
    }
    let count = try reader.integer(UInt16.self)
    try reader.skip(16)
    for _ in 0..<count {
      let size = Int(try reader.integer(UInt32.self))
      let skipped = try reader.integer(UInt32.self)
      let offsets = try shape.indices.map { _ in try reader.size() }
      try reader.skip(8)  // the offset within an element: 0
      let child = try file.address(&reader)
      guard own == 0 else {
        try find(&chunks, at: child, level: own, shape, expected, &budget)
        continue
      }
      guard chunks.count < expected, child + size <= file.bytes.count,
        shape.indices.allSatisfy({ offsets[$0] % shape[$0] == 0 && offsets[$0] < self.shape[$0] })
      else { throw file.unreadable("\(name) has a chunk of \(size) bytes at \(offsets)") }
      chunks.append(Chunk(place: child..<child + size, skipped: skipped, offsets: offsets))
    }
  }

  /// Filters were applied in their order, and are undone from the last.
  private func unpacked(_ chunk: Chunk, byteCount: Int) throws -> ArraySlice<UInt8> {
    var content = file.bytes[chunk.place]
    for (index, filter) in filters.enumerated().reversed()
    where chunk.skipped >> UInt32(index) & 1 == 0 {
      switch filter {
      case .fletcher32: content = content.dropLast(4)
      case .deflate:
        content = try Inflate.unpacked(
          content, .zlib, file: file.path, bytesMax: byteCount + 4, expected: byteCount)[...]
      case .shuffle: content = unshuffled(content)[...]
      }
    }
    guard content.count == byteCount else {
      throw file.unreadable(
        "\(name) has a chunk of \(content.count) bytes at \(chunk.offsets), \(byteCount) expected")
    }
    return content
  }

  /// Shuffled are all first bytes of the elements, then all second ones, and so on.
  private func unshuffled(_ content: ArraySlice<UInt8>) -> [UInt8] {
    let width = type.byteCount
    let count = content.count / width
    var result = Array(content)
    content.withUnsafeBufferPointer { source in
      for byte in 0..<width {
        for index in 0..<count { result[index * width + byte] = source[byte * count + index] }
      }
    }
    return result
  }

  /// Row by row; what a chunk has beyond the data set's edge is left out.
  private func copy(
    _ content: ArraySlice<UInt8>, _ offsets: [Int], _ chunk: [Int], into result: inout [UInt8]
  ) {
    guard let last = shape.indices.last else {
      result.replaceSubrange(0..<content.count, with: content)
      return
    }
    let width = type.byteCount
    let rowBytes = min(chunk[last], shape[last] - offsets[last]) * width
    let rows = chunk.dropLast().reduce(1, *)
    for row in 0..<rows {
      var (rest, place, step, isInside) = (row, offsets[last], shape[last], true)
      for axis in shape.indices.dropLast().reversed() {
        let index = offsets[axis] + rest % chunk[axis]
        rest /= chunk[axis]
        isInside = isInside && index < shape[axis]
        place += index * step
        step *= shape[axis]
      }
      guard isInside else { continue }
      let start = content.startIndex + row * chunk[last] * width
      result.replaceSubrange(
        place * width..<place * width + rowBytes, with: content[start..<start + rowBytes])
    }
  }
}
