/// NIfTI-1 and NIfTI-2 in one file (`.nii`), also packed (`.nii.gz`), of either byte order.
///
/// The file's x, y, z become [z, y, x]. Orientation (qform, sform) is not applied; spacing is.
enum NIfTI {
  private static let headerCount = (348, 540)

  private static let types: [Int16: ElementType] = [
    2: .uint8, 4: .int16, 8: .int32, 16: .float32, 64: .float64, 256: .int8, 512: .uint16,
    768: .uint32, 1024: .int64, 1280: .uint64,
  ]

  private struct Header {
    let shape: [Int]
    let type: ElementType
    let isBigEndian: Bool
    let dataStart: Int
    let spacing: [Float]
    let slope: Double
    let intercept: Double
    var end: Int { dataStart + shape.reduce(1, *) * type.byteCount }
  }

  static func read(_ bytes: [UInt8], file: String) throws -> VolumeFile {
    let isPacked = bytes.starts(with: [0x1F, 0x8B])
    let start =
      isPacked
      ? try Inflate.prefix(bytes[...], .gzip, file: file, count: headerCount.1)
      : Array(bytes.prefix(headerCount.1))
    let header = try header(start, file: file)
    // More than the header declares is not unpacked, but for what some programs append.
    let whole =
      isPacked
      ? try Inflate.unpacked(
        bytes[...], .gzip, file: file, bytesMax: header.end + (1 << 16), expected: header.end)
      : bytes
    var reader = ByteReader(whole, file: file)
    try reader.seek(header.dataStart)
    let data = try reader.take(header.end - header.dataStart)
    let array = StoredArray(
      shape: header.shape, type: header.type, isBigEndian: header.isBigEndian, bytes: data)
    // A slope of 0 means that there is none.
    let isScaled = header.slope != 0
    return VolumeFile(
      array: array, spacing: header.spacing, slope: isScaled ? Float(header.slope) : 1,
      intercept: isScaled ? Float(header.intercept) : 0)
  }

  private static func header(_ bytes: [UInt8], file: String) throws -> Header {
    var reader = ByteReader(bytes, file: file)
    let size = try reader.integer(Int32.self)
    switch (size, size.byteSwapped) {
    case (348, _), (540, _): break
    case (_, 348), (_, 540): reader.isBigEndian = true
    default: throw reader.problem("begins with \(size), expected NIfTI's 348 or 540")
    }
    let isFirst = (reader.isBigEndian ? size.byteSwapped : size) == 348
    try reader.seek(isFirst ? 344 : 4)
    let magic = try reader.text(4)
    guard magic == (isFirst ? "n+1" : "n+2") else {
      throw reader.problem(
        "has the magic \(magic.debugDescription), expected n+1 or n+2 (header and data in one file)"
      )
    }
    try reader.seek(isFirst ? 70 : 12)
    let code = try reader.integer(Int16.self)
    guard let type = types[code] else {
      throw reader.problem("has the data type \(code); whole and real numbers are read")
    }
    let shape = try shape(&reader, isFirst, type)
    let spacing = try spacing(&reader, isFirst)
    try reader.seek(isFirst ? 108 : 168)
    let start = isFirst ? Double(try reader.float()) : Double(try reader.integer(Int64.self))
    guard start >= (isFirst ? 348 : 540), start < Double(Files.byteCountMax) else {
      throw reader.problem("has its data at byte \(start)")
    }
    try reader.seek(isFirst ? 112 : 176)
    let (slope, intercept) =
      isFirst
      ? (Double(try reader.float()), Double(try reader.float()))
      : (try reader.double(), try reader.double())
    guard slope.isFinite || slope.isNaN, intercept.isFinite || slope == 0 || slope.isNaN else {
      throw reader.problem("scales by \(slope) and \(intercept)")
    }
    return Header(
      shape: shape, type: type, isBigEndian: reader.isBigEndian, dataStart: Int(start),
      spacing: spacing, slope: slope.isNaN ? 0 : slope, intercept: intercept)
  }

  private static func shape(
    _ reader: inout ByteReader, _ isFirst: Bool, _ type: ElementType
  ) throws -> [Int] {
    try reader.seek(isFirst ? 40 : 16)
    let sizes = try (0..<8).map { _ in
      isFirst ? Int(try reader.integer(Int16.self)) : Int(try reader.integer(Int64.self))
    }
    guard (2...7).contains(sizes[0]), sizes[1...sizes[0]].dropFirst(3).allSatisfy({ $0 == 1 })
    else {
      throw reader.problem("has axes \(sizes), expected their number and three sizes above 1")
    }
    let shape = [sizes[0] >= 3 ? sizes[3] : 1, sizes[2], sizes[1]]
    try VolumeFile.checkSize(shape, type, reader.file)
    return shape
  }

  private static func spacing(_ reader: inout ByteReader, _ isFirst: Bool) throws -> [Float] {
    try reader.seek(isFirst ? 76 : 104)
    let steps = try (0..<4).map { _ in
      isFirst ? try reader.float() : Float(try reader.double())
    }
    try reader.seek(isFirst ? 123 : 500)
    let unit = isFirst ? Int(try reader.integer(UInt8.self)) : Int(try reader.integer(Int32.self))
    let millimetres: Float = unit & 7 == 1 ? 1_000 : unit & 7 == 3 ? 0.001 : 1
    return steps[1...].reversed().map { step in
      let size = abs(step) * millimetres
      return size > 0 && size.isFinite ? size : 1
    }
  }
}
