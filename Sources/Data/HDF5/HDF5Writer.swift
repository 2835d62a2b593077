import CZlib
import Tensors

/// Writes HDF5 as h5py does by default: superblock 0, data sets of the root group in chunks packed by
/// deflate, found by a B-tree of one node.
package struct HDF5Writer {
  /// What a data set holds: float32 or uint8, of one to three axes.
  package enum Values {
    case floats(Tensor)
    case bytes(ByteTensor)

    fileprivate var shape: [Int] {
      switch self {
      case .floats(let tensor): tensor.shape
      case .bytes(let bytes): bytes.shape
      }
    }

    fileprivate var width: Int {
      switch self {
      case .floats: 4
      case .bytes: 1
      }
    }

    /// Row-major, little-endian.
    fileprivate var content: [UInt8] {
      switch self {
      case .floats(let tensor): tensor.elements.flatMap { littleEndian($0.bitPattern) }
      case .bytes(let bytes): bytes.elements
      }
    }
  }

  /// The file's bytes so far.
  private var file: [UInt8] = []

  private static let undefined = UInt64.max
  /// Half the entries of a group's tree, of its symbol table, and of a tree of chunks.
  private static let (groupHalf, symbolHalf, chunkHalf) = (16, 4, 32)
  /// At most 4³ chunks, so that one node holds them all.
  private static let chunksPerAxis = 4

  /// A file of these data sets, in the byte order of their names.
  ///
  /// Precondition: one to eight data sets of distinct ASCII names, each of one to three axes and not
  /// empty.
  package static func bytes(of arrays: [(name: String, values: Values)]) -> [UInt8] {
    let sorted = arrays.sorted { Array($0.name.utf8).lexicographicallyPrecedes($1.name.utf8) }
    precondition(
      (1...2 * symbolHalf).contains(arrays.count)
        && Set(arrays.map(\.name)).count == arrays.count
        && arrays.allSatisfy { array in
          (1...3).contains(array.values.shape.count) && array.values.shape.allSatisfy { $0 > 0 }
            && !array.name.isEmpty && array.name.allSatisfy { $0.isASCII }
        }, "HDF5Writer: \(arrays.map { ($0.name, $0.values.shape) })")
    var writer = HDF5Writer()
    writer.write(sorted)
    return writer.file
  }

  private mutating func write(_ arrays: [(name: String, values: Values)]) {
    // Names begin behind an empty one.
    var names = [UInt8](repeating: 0, count: 8)
    let places = arrays.map { array in
      defer { names += padded(Array(array.name.utf8) + [0]) }
      return names.count
    }
    let treeBytes = 24 + (2 * Self.groupHalf + 1) * 8 + 2 * Self.groupHalf * 8
    let (tree, heap) = (136, 136 + treeBytes)
    let symbols = heap + 32 + names.count
    let symbolBytes = 8 + 2 * Self.symbolHalf * 40
    // The data sets come behind all that, so their headers' places follow from their sizes.
    let first = symbols + symbolBytes
    var body: [UInt8] = []
    let headers = arrays.map { array in
      Self.add(array.values, to: &body, base: first)
    }

    file += [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0, 0, 8, 8, 0]
    add(UInt16(Self.symbolHalf), UInt16(Self.groupHalf))
    add(UInt32(0))
    add(UInt64(0), Self.undefined, UInt64(first + body.count), Self.undefined)
    // The root group's entry, then its header: one message that names its tree and heap.
    add(UInt64(0), 96)
    add(UInt32(1), 0)
    add(UInt64(tree), UInt64(heap))
    file += [1, 0, 1, 0]
    add(UInt32(1), 24, 0)
    add(UInt16(0x11), 16, 0, 0)
    add(UInt64(tree), UInt64(heap))
    file += Array("TREE".utf8) + [0, 0, 1, 0]
    add(Self.undefined, Self.undefined, 0, UInt64(symbols), UInt64(places[places.count - 1]))
    fill(to: heap)
    file += Array("HEAP".utf8) + [0, 0, 0, 0]
    // 1: no part of it is free.
    add(UInt64(names.count), 1, UInt64(heap + 32))
    file += names
    file += Array("SNOD".utf8) + [1, 0]
    add(UInt16(arrays.count))
    for (place, header) in zip(places, headers) {
      add(UInt64(place), UInt64(header), 0, 0, 0)
    }
    fill(to: first)
    file += body
  }

  /// Appends chunks, their tree and the header; returns the header's place in the file.
  private static func add(_ values: Values, to body: inout [UInt8], base: Int) -> Int {
    let shape = values.shape
    let chunk = shape.map { ($0 + chunksPerAxis - 1) / chunksPerAxis }
    var tree = HDF5Writer()
    tree.file = Array("TREE".utf8) + [1, 0]
    let offsets = places(of: chunk, in: shape)
    tree.add(UInt16(offsets.count))
    tree.add(undefined, undefined)
    let content = values.content
    for offset in offsets {
      let packed = packed(cut(content, shape, offset, chunk, width: values.width))
      tree.add(UInt32(packed.count), 0)
      for place in offset + [0] { tree.add(UInt64(place)) }
      tree.add(UInt64(base + body.count))
      body += padded(packed)
    }
    // The last key lies behind all chunks.
    tree.add(UInt32(0), 0)
    tree.add(UInt64((shape[0] + chunk[0] - 1) / chunk[0] * chunk[0]))
    let keyBytes = 8 + 8 * (shape.count + 1)
    tree.fill(to: 24 + (2 * chunkHalf + 1) * keyBytes + 2 * chunkHalf * 8)
    let place = base + body.count
    body += tree.file
    let header = base + body.count
    body += Self.header(values, chunk: chunk, tree: place)
    return header
  }

  private static func header(_ values: Values, chunk: [Int], tree: Int) -> [UInt8] {
    var messages: [(kind: UInt16, bytes: [UInt8])] = []
    func message(_ kind: UInt16, _ write: (inout HDF5Writer) -> Void) {
      var writer = HDF5Writer()
      write(&writer)
      messages.append((kind, padded(writer.file)))
    }
    message(1) { space in
      space.file += [1, UInt8(chunk.count), 0, 0, 0, 0, 0, 0]
      for side in values.shape { space.add(UInt64(side)) }
    }
    message(3) { type in
      switch values {
      case .floats:
        type.file += [0x11, 0x20, 0x1F, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23]
        type.add(UInt32(127))
      case .bytes: type.file += [0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0]
      }
    }
    // Nothing is filled in: every chunk is there.
    message(5) { $0.file += [2, 3, 2, 0] }
    message(8) { layout in
      layout.file += [3, 2, UInt8(chunk.count + 1)]
      layout.add(UInt64(tree))
      for side in chunk + [values.width] { layout.add(UInt32(side)) }
    }
    message(11) { filters in
      filters.file += [1, 1, 0, 0, 0, 0, 0, 0]
      filters.add(UInt16(1), 8, 1, 1)
      filters.file += padded(Array("deflate".utf8) + [0])
      filters.add(UInt32(level), 0)
    }
    var header = HDF5Writer()
    header.file = [1, 0]
    header.add(UInt16(messages.count))
    header.add(UInt32(1), UInt32(messages.reduce(0) { $0 + 8 + $1.bytes.count }), 0)
    for (kind, bytes) in messages {
      header.add(kind, UInt16(bytes.count), 0, 0)
      header.file += bytes
    }
    return header.file
  }

  /// Where the chunks begin, in row-major order.
  private static func places(of chunk: [Int], in shape: [Int]) -> [[Int]] {
    zip(shape, chunk).reduce([[]]) { places, axis in
      places.flatMap { place in stride(from: 0, to: axis.0, by: axis.1).map { place + [$0] } }
    }
  }

  /// One chunk's bytes; zeros beyond the edge.
  private static func cut(
    _ content: [UInt8], _ shape: [Int], _ offset: [Int], _ chunk: [Int], width: Int
  ) -> [UInt8] {
    let lead = [Int](repeating: 1, count: 3 - shape.count)
    let none = [Int](repeating: 0, count: 3 - shape.count)
    let (sides, start, size) = (lead + shape, none + offset, lead + chunk)
    var result = [UInt8](repeating: 0, count: size.reduce(width, *))
    let run = min(size[2], sides[2] - start[2]) * width
    for i in 0..<min(size[0], sides[0] - start[0]) {
      for j in 0..<min(size[1], sides[1] - start[1]) {
        let from = (((start[0] + i) * sides[1] + start[1] + j) * sides[2] + start[2]) * width
        let to = (i * size[1] + j) * size[2] * width
        result.replaceSubrange(to..<to + run, with: content[from..<from + run])
      }
    }
    return result
  }

  /// What h5py's `compression="gzip"` means.
  private static let level = 4

  private static func packed(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(count))
    let status = compress2(&result, &count, bytes, UInt(bytes.count), Int32(level))
    precondition(status == Z_OK, "HDF5Writer: zlib returned \(status)")
    return Array(result.prefix(Int(count)))
  }

  private mutating func add<Integer: FixedWidthInteger>(_ values: Integer...) {
    for value in values { file += littleEndian(value) }
  }

  private mutating func fill(to count: Int) {
    file += [UInt8](repeating: 0, count: count - file.count)
  }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// Zeros up to a multiple of eight bytes.
private func padded(_ bytes: [UInt8]) -> [UInt8] {
  bytes + [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8)
}
