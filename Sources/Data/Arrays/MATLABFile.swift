/// MATLAB's files of version 5 (`save -v6` and `-v7`): arrays of numbers by name. Cells, structures,
/// texts, sparse and complex arrays are passed over.
enum MATLABFile {
  private static let matrix: UInt32 = 14
  private static let packed: UInt32 = 15
  private static let axesMax = 32

  /// Types of elements by the format's numbers.
  private static let types: [UInt32: ElementType] = [
    1: .int8, 2: .uint8, 3: .int16, 4: .uint16, 5: .int32, 6: .uint32, 7: .float32, 9: .float64,
    12: .int64, 13: .uint64,
  ]

  private struct Element {
    let type: UInt32
    var content: ByteReader
  }

  /// Throws: `DataError` for what is damaged or of another version.
  static func arrays(_ bytes: [UInt8], file: String) throws -> [String: StoredArray] {
    var reader = ByteReader(bytes, file: file)
    let text = try reader.text(116)
    guard !text.contains("MATLAB 7.3") else {
      throw reader.problem("is of version 7.3, which is HDF5: save it with -v7")
    }
    try reader.skip(10)
    let mark = try reader.text(2)
    guard mark == "IM" || mark == "MI" else {
      throw reader.problem("is no MATLAB file of version 5")
    }
    reader.isBigEndian = mark == "MI"
    var arrays: [String: StoredArray] = [:]
    // What all packed variables may unpack to together.
    var budget = Files.byteCountMax
    while reader.remaining >= 8 {
      var element = try next(&reader)
      if element.type == packed {
        let bytes = try element.content.take(element.content.remaining)
        let count = try unpackedCount(of: bytes, isBigEndian: reader.isBigEndian, file)
        guard count <= budget else {
          throw reader.problem("unpacks to more than \(Files.byteCountMax) bytes")
        }
        budget -= count
        let content = try Inflate.unpacked(
          bytes, .zlib, file: file, bytesMax: count, expected: count)
        var inner = ByteReader(content[...], file: file, isBigEndian: reader.isBigEndian)
        element = try next(&inner)
      }
      guard element.type == matrix else { continue }
      if let (name, array) = try array(&element.content) { arrays[name] = array }
    }
    return arrays
  }

  /// What a packed element says of its own size, with room for filling up.
  private static func unpackedCount(
    of bytes: ArraySlice<UInt8>, isBigEndian: Bool, _ file: String
  ) throws -> Int {
    let head = try Inflate.prefix(bytes, .zlib, file: file, count: 8)
    var reader = ByteReader(head[...], file: file, isBigEndian: isBigEndian)
    let isSmall = try reader.integer(UInt32.self) >> 16 != 0
    return isSmall ? 8 : 16 + Int(try reader.integer(UInt32.self))
  }

  /// An element: its type and length in 8 bytes, or both in the first 4 with up to 4 bytes behind.
  private static func next(_ reader: inout ByteReader) throws -> Element {
    let first = try reader.integer(UInt32.self)
    func content(_ bytes: ArraySlice<UInt8>) -> ByteReader {
      ByteReader(bytes, file: reader.file, isBigEndian: reader.isBigEndian)
    }
    if first >> 16 != 0 {
      let count = Int(first >> 16)
      guard count <= 4 else { throw reader.problem("has a small element of \(count) bytes") }
      let bytes = try reader.take(4)
      return Element(type: first & 0xFFFF, content: content(bytes.prefix(count)))
    }
    let count = Int(try reader.integer(UInt32.self))
    let bytes = try reader.take(count)
    // Elements begin at multiples of 8; packed ones do not fill up, nor need the last.
    if first != packed { try reader.skip(min((8 - count % 8) % 8, reader.remaining)) }
    return Element(type: first, content: content(bytes))
  }

  /// nil for what is no plain array of numbers.
  private static func array(_ reader: inout ByteReader) throws -> (String, StoredArray)? {
    var flags = try next(&reader).content
    let word = try flags.integer(UInt32.self)
    var axes = try next(&reader).content
    guard axes.remaining % 4 == 0, axes.remaining / 4 <= axesMax else {
      throw reader.problem("has an array of \(axes.remaining / 4) axes")
    }
    let shape = try (0..<axes.remaining / 4).map { _ in Int(try axes.integer(Int32.self)) }
    var title = try next(&reader).content
    let name = try title.text(title.remaining)
    // Double to 64-bit whole numbers; not complex.
    guard (6...15).contains(word & 0xFF), word & 0x0800 == 0 else { return nil }
    var values = try next(&reader)
    guard let type = types[values.type],
      let count = DeclaredSize.product(shape + [type.byteCount], most: Files.byteCountMax),
      values.content.remaining == count
    else {
      throw reader.problem(
        "has an array \(name.prefix(80)) of shape \(shape) in \(values.content.remaining) bytes")
    }
    let content = try values.content.take(count)
    let array = StoredArray(
      shape: shape, type: type, isBigEndian: reader.isBigEndian,
      bytes: StoredArray.rowsFirst(content, shape: shape, width: type.byteCount))
    return (name, array)
  }
}
