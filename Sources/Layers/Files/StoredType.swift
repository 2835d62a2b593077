/// The types of elements that are read, and how each becomes float32. All little endian.
enum StoredType: String {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"

  var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Precondition: `bytes` has `byteCount` bytes for each element of `out`.
  func convert(_ bytes: UnsafeRawBufferPointer, into out: UnsafeMutableBufferPointer<Float>) {
    precondition(bytes.count == out.count * byteCount, "StoredType: \(bytes.count) bytes")
    switch self {
    case .float64: map(bytes, out) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    case .float32: map(bytes, out) { (bits: UInt32) in Float(bitPattern: bits) }
    case .float16: map(bytes, out, Self.half)
    case .bfloat16: map(bytes, out) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .int64: map(bytes, out) { (value: Int64) in Float(value) }
    case .int32: map(bytes, out) { (value: Int32) in Float(value) }
    case .int16: map(bytes, out) { (value: Int16) in Float(value) }
    case .int8: map(bytes, out) { (value: Int8) in Float(value) }
    case .uint64: map(bytes, out) { (value: UInt64) in Float(value) }
    case .uint32: map(bytes, out) { (value: UInt32) in Float(value) }
    case .uint16: map(bytes, out) { (value: UInt16) in Float(value) }
    case .uint8, .bool: map(bytes, out) { (value: UInt8) in Float(value) }
    }
  }

  private func map<Stored: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>,
    _ value: (Stored) -> Float
  ) {
    for index in out.indices {
      let stored = bytes.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Stored>.size, as: Stored.self)
      out[index] = value(Stored(littleEndian: stored))
    }
  }

  /// IEEE 754 binary16; Swift's Float16 is not on every platform we build for.
  private static func half(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let (exponent, fraction) = (UInt32(bits >> 10 & 0x1F), UInt32(bits & 0x3FF))
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
