/// Reads the scalars of valid UTF-8 one after another.
struct ScalarReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  /// The scalar at a position and how many bytes it has; the bytes must be valid there.
  static func scalar(
    _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) -> (scalar: Unicode.Scalar, count: Int) {
    let first = UInt32(bytes[position])
    func next(_ offset: Int) -> UInt32 { UInt32(bytes[position + offset]) & 0x3F }
    let (value, count): (UInt32, Int) =
      switch first {
      case ..<0x80: (first, 1)
      case ..<0xE0: ((first & 0x1F) << 6 | next(1), 2)
      case ..<0xF0: ((first & 0x0F) << 12 | next(1) << 6 | next(2), 3)
      default: ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
      }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", count)
  }

  /// The classes of the scalar here and its length; nothing is consumed.
  func peek() -> (classes: CharacterClasses, count: Int) {
    let (scalar, count) = Self.scalar(bytes, at: position)
    return (CharacterClasses.of(scalar), count)
  }

  mutating func next() -> Unicode.Scalar {
    let (scalar, count) = Self.scalar(bytes, at: position)
    position += count
    return scalar
  }
}

extension Array where Element == UInt8 {
  mutating func append(_ scalar: Unicode.Scalar) {
    let value = scalar.value
    func continuing(_ shift: UInt32) -> UInt8 {
      UInt8(truncatingIfNeeded: value >> shift & 0x3F | 0x80)
    }
    switch value {
    case ..<0x80: append(UInt8(value))
    case ..<0x800: self += [UInt8(0xC0 | value >> 6), continuing(0)]
    case ..<0x10000: self += [UInt8(0xE0 | value >> 12), continuing(6), continuing(0)]
    default: self += [UInt8(0xF0 | value >> 18), continuing(12), continuing(6), continuing(0)]
    }
  }
}
