/// Reads decisions from an input; zeros once it is used up, so that every input has a meaning.
struct FuzzInput {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isEmpty: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  /// A number from 0 to 255, taken modulo `count`.
  mutating func choice(_ count: Int) -> Int { Int(byte()) % count }

  /// Little-endian.
  mutating func word() -> UInt64 {
    (0..<8).reduce(0) { word, index in word | UInt64(byte()) << UInt64(8 * index) }
  }

  /// Mostly small, sometimes at the ends of the range: where arithmetic goes wrong.
  mutating func number() -> UInt64 {
    let first = byte()
    switch first {
    case 0..<200: return UInt64(first)
    case 200..<220: return .max - UInt64(first - 200)
    case 220..<235: return UInt64(Int64.max) - UInt64(first - 220)
    case 235..<245: return UInt64(UInt32.max) + UInt64(first) - 240
    default: return word()
    }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// A piece with its length, two bytes, before it.
  mutating func piece() -> [UInt8] {
    let count = Int(byte()) | Int(byte()) << 8
    return bytes(count)
  }

  mutating func remainder() -> [UInt8] { bytes(rest.count) }
}
