/// Bytes of a binary file being made by a test, lowest first.
struct LittleEndian {
  private(set) var bytes: [UInt8] = []

  var count: Int { bytes.count }

  @discardableResult mutating func add(_ values: some Sequence<UInt8>) -> Self {
    bytes += values
    return self
  }

  mutating func add(text: String, padded count: Int = 0) {
    bytes += Array(text.utf8)
    bytes += [UInt8](repeating: 0, count: max(0, count - text.utf8.count))
  }

  mutating func add<Value: FixedWidthInteger>(_ values: Value...) {
    for value in values { withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) } }
  }

  mutating func add(floats values: [Float]) { for value in values { add(value.bitPattern) } }

  /// Zeros up to a multiple or a place.
  mutating func fill(to place: Int) {
    bytes += [UInt8](repeating: 0, count: max(0, place - bytes.count))
  }
}
