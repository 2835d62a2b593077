import Tensors

/// How an element of an array lies in a file.
enum ElementType: String, Sendable {
  case bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, bfloat16, float32
  case float64

  var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }
}

extension ElementType {
  /// As NumPy writes it, without the order of bytes: "f4".
  init?(numPyCode code: String) {
    let types: [String: ElementType] = [
      "b1": .bool, "i1": .int8, "u1": .uint8, "i2": .int16, "u2": .uint16, "i4": .int32,
      "u4": .uint32, "i8": .int64, "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
    ]
    guard let type = types[code] else { return nil }
    self = type
  }
}

/// An array in a file's own types, not yet converted; the last axis runs fastest.
struct StoredArray: Sendable {
  var shape: [Int]
  var type: ElementType
  var isBigEndian = false
  /// As many as shape and type need.
  var bytes: ArraySlice<UInt8>

  var count: Int { shape.reduce(1, *) }

  /// Elements as float32, rows first; integers beyond 2²⁴ are rounded.
  func floats() -> [Float] {
    switch type {
    case .bool, .uint8: convert(UInt8.self) { Float($0) }
    case .int8: convert(UInt8.self) { Float(Int8(bitPattern: $0)) }
    case .int16: convert(UInt16.self) { Float(Int16(bitPattern: $0)) }
    case .uint16: convert(UInt16.self) { Float($0) }
    case .int32: convert(UInt32.self) { Float(Int32(bitPattern: $0)) }
    case .uint32: convert(UInt32.self) { Float($0) }
    case .int64: convert(UInt64.self) { Float(Int64(bitPattern: $0)) }
    case .uint64: convert(UInt64.self) { Float($0) }
    case .float16: convert(UInt16.self) { Float(Float16(bitPattern: $0)) }
    case .bfloat16: convert(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .float32: convert(UInt32.self) { Float(bitPattern: $0) }
    case .float64: convert(UInt64.self) { Float(Double(bitPattern: $0)) }
    }
  }

  func tensor() -> Tensor { Tensor(floats(), shape: shape) }

  /// Elements as class indices, rows first.
  ///
  /// Throws: `DataError` for values that are no whole numbers of 0 … 255.
  func labels(file: String) throws -> ByteTensor {
    if type == .uint8 || type == .bool {
      return ByteTensor(convert(UInt8.self) { $0 }, shape: shape)
    }
    let values = floats()
    guard let wrong = values.first(where: { !($0 >= 0 && $0 <= 255 && $0.rounded() == $0) }) else {
      return ByteTensor(values.map { UInt8($0) }, shape: shape)
    }
    throw DataError(
      file: file, problem: "has the label \(wrong), expected whole numbers of 0 … 255",
      advice: "Write class indices; is this the array of labels?")
  }

  /// Elements as whole numbers, for lists of labels.
  ///
  /// Throws: `DataError` for values that are none, or negative, or beyond `most`.
  func indices(file: String, most: Int) throws -> [Int] {
    try floats().map { value in
      guard value >= 0, value <= Float(most), value.rounded() == value else {
        throw DataError(
          file: file, problem: "has the label \(value), expected a whole number of 0 … \(most)",
          advice: "Write class indices; is this the array of labels?")
      }
      return Int(value)
    }
  }

  private func convert<Bits: FixedWidthInteger, Value>(
    _: Bits.Type, _ value: (Bits) -> Value
  ) -> [Value] {
    bytes.withUnsafeBytes { raw in
      (0..<count).map { index in
        let bits = raw.loadUnaligned(
          fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
        return value(isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
      }
    }
  }

  /// One entry of the first axis.
  func row(_ index: Int) -> StoredArray {
    var row = self
    row.shape = shape.count > 1 ? Array(shape.dropFirst()) : [1]
    let byteCount = row.count * type.byteCount
    row.bytes = bytes.dropFirst(index * byteCount).prefix(byteCount)
    return row
  }

  /// Rearranges bytes in which the first axis runs fastest, as in Fortran and MATLAB.
  static func rowsFirst(
    _ bytes: ArraySlice<UInt8>, shape: [Int], width: Int
  ) -> ArraySlice<UInt8> {
    guard shape.count > 1, !bytes.isEmpty else { return bytes }
    var strides = [width]
    for size in shape.dropLast() { strides.append(strides[strides.count - 1] * size) }
    return [UInt8](unsafeUninitializedCapacity: bytes.count) { out, filled in
      bytes.withUnsafeBufferPointer { source in
        var index = [Int](repeating: 0, count: shape.count)
        var place = 0
        while filled < source.count {
          for byte in 0..<width { out[filled + byte] = source[place + byte] }
          filled += width
          for axis in shape.indices.reversed() {
            index[axis] += 1
            place += strides[axis]
            guard index[axis] == shape[axis] else { break }
            place -= shape[axis] * strides[axis]
            index[axis] = 0
          }
        }
      }
    }[...]
  }
}
