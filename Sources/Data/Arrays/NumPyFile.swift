/// NumPy's `.npy`: a magic, a header written as a Python dictionary, the elements.
enum NumPyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Bytes from the beginning that hold any sane header.
  static let headMax = 66_000

  /// A whole file in memory.
  ///
  /// Throws: `DataError` for what is damaged, too large or holds no numbers.
  static func array(_ bytes: ArraySlice<UInt8>, file: String) throws -> StoredArray {
    let head = try head(bytes, file: file)
    var (array, reader) = (head.array, ByteReader(bytes, file: file))
    try reader.seek(head.start)
    let width = array.type.byteCount
    guard let count = DeclaredSize.product(array.shape + [width], most: reader.remaining) else {
      throw reader.problem("has \(reader.remaining) bytes of elements for shape \(array.shape)")
    }
    array.bytes = try reader.take(count)
    if head.isColumnMajor {
      array.bytes = StoredArray.rowsFirst(array.bytes, shape: array.shape, width: width)
    }
    return array
  }

  /// Shape and type, and where the elements begin; of `bytes` only the beginning is needed.
  ///
  /// Throws: `DataError`, as above.
  static func head(
    _ bytes: ArraySlice<UInt8>, file: String
  ) throws -> (array: StoredArray, isColumnMajor: Bool, start: Int) {
    var reader = ByteReader(bytes, file: file)
    guard try reader.take(6).elementsEqual(magic) else {
      throw reader.problem("does not begin as NumPy's files do")
    }
    let version = try reader.integer(UInt8.self)
    try reader.skip(1)
    guard (1...3).contains(version) else { throw reader.problem("is of version \(version)") }
    let length =
      version == 1 ? Int(try reader.integer(UInt16.self)) : Int(try reader.integer(UInt32.self))
    guard length <= headMax else { throw reader.problem("has a header of \(length) bytes") }
    let text = String(decoding: try reader.take(length), as: UTF8.self)
    guard let descr = text.firstMatch(of: /'descr':\s*'([<>|=])(\w\d)'/),
      let order = text.firstMatch(of: /'fortran_order':\s*(True|False)/),
      let axes = text.firstMatch(of: /'shape':\s*\(([\d,\s]*)\)/),
      let type = ElementType(numPyCode: String(descr.2))
    else {
      throw reader.problem(
        "has the header \(text.prefix(160).debugDescription); arrays of plain numbers are read")
    }
    let sizes = axes.1.split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
    let shape = sizes.map { Int($0) ?? -1 }
    guard shape.count <= 32, DeclaredSize.product(shape, most: 1 << 48) != nil else {
      throw reader.problem("has shape (\(axes.1.prefix(200)))")
    }
    let array = StoredArray(
      shape: shape, type: type, isBigEndian: descr.1 == ">", bytes: [])
    return (array, order.1 == "True", reader.position)
  }
}
