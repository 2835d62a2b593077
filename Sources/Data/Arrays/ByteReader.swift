/// Takes numbers and pieces from the bytes of a file in order; nothing is read beyond their end.
struct ByteReader {
  let bytes: ArraySlice<UInt8>
  /// For messages.
  let file: String
  var isBigEndian = false
  /// From the beginning of `bytes`.
  private(set) var position = 0

  init(_ bytes: ArraySlice<UInt8>, file: String, isBigEndian: Bool = false) {
    self.bytes = bytes
    self.file = file
    self.isBigEndian = isBigEndian
  }

  init(_ bytes: [UInt8], file: String) { self.init(bytes[...], file: file) }

  var remaining: Int { bytes.count - position }

  /// Throws: `DataError` when there are fewer, as everything below.
  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else {
      throw problem("ends at byte \(bytes.count), \(count) more were expected from \(position)")
    }
    defer { position += count }
    let start = bytes.startIndex + position
    return bytes[start..<start + count]
  }

  mutating func skip(_ count: Int) throws { _ = try take(count) }

  mutating func seek(_ place: Int) throws {
    guard place >= 0, place <= bytes.count else {
      throw problem("refers to byte \(place) of \(bytes.count)")
    }
    position = place
  }

  mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value {
    var value: Value.Magnitude = 0
    let taken = try take(Value.bitWidth / 8)
    if isBigEndian {
      for byte in taken { value = value << 8 | Value.Magnitude(truncatingIfNeeded: byte) }
    } else {
      for byte in taken.reversed() {
        value = value << 8 | Value.Magnitude(truncatingIfNeeded: byte)
      }
    }
    return Value(truncatingIfNeeded: value)
  }

  mutating func float() throws -> Float { Float(bitPattern: try integer(UInt32.self)) }
  mutating func double() throws -> Double { Double(bitPattern: try integer(UInt64.self)) }

  /// A size or an address of 8 bytes that must be one of something in memory.
  mutating func size() throws -> Int {
    let value = try integer(UInt64.self)
    guard let size = Int(exactly: value) else { throw problem("has a size of \(value)") }
    return size
  }

  /// Text up to a zero byte or the end of `count` bytes.
  mutating func text(_ count: Int) throws -> String {
    String(decoding: try take(count).prefix { $0 != 0 }, as: UTF8.self)
  }

  func problem(_ what: String) -> DataError {
    DataError(
      file: file, problem: what, advice: "Copy the file again: it is damaged or of another format")
  }
}

/// Products of sizes that a file declares, before anything is allocated for them.
enum DeclaredSize {
  /// nil beyond `most`.
  static func product(_ sizes: some Sequence<Int>, most: Int) -> Int? {
    var product = 1
    for size in sizes {
      guard size >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      // Zero later does not excuse a size no machine has.
      guard !overflow, next <= most else { return nil }
      product = next
    }
    return product
  }
}
