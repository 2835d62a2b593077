/// Reads JSON in passing: what is asked for is taken, the rest skipped, nothing is built.
///
/// The bytes may be anybody's: the reader never recurses by itself and refuses what is nested beyond
/// `levelsMax`. Of skipped values, brackets and strings are checked and nothing else.
package struct JSONReader {
  package struct Fault: Error {
    /// Bytes from the beginning.
    package let position: Int
    package let what: String
  }

  private static let levelsMax = 512

  private let bytes: [UInt8]
  package private(set) var position: Int
  private let limit: Int

  package init(bytes: [UInt8]) { self.init(bytes: bytes, range: bytes.indices) }

  /// Reads a part; positions are still those in all of `bytes`.
  package init(bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    limit = range.upperBound
  }

  /// Calls `member` with each key; it has to take or skip the value.
  ///
  /// Throws: `Fault`, as all that follow.
  package mutating func object(_ member: (inout JSONReader, String) throws -> Void) throws {
    try expect("{")
    if take("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  /// Calls `element` for each; it has to take or skip the value.
  package mutating func array(_ element: (inout JSONReader) throws -> Void) throws {
    try expect("[")
    if take("]") { return }
    repeat { try element(&self) } while take(",")
    try expect("]")
  }

  package mutating func integers(countMax: Int) throws -> [Int] {
    var values: [Int] = []
    try array { reader in
      guard values.count < countMax else { throw reader.fault("more than \(countMax) numbers") }
      values.append(try reader.integer())
    }
    return values
  }

  package mutating func numbers(countMax: Int) throws -> [Double] {
    var values: [Double] = []
    try array { reader in
      guard values.count < countMax else { throw reader.fault("more than \(countMax) numbers") }
      values.append(try reader.number())
    }
    return values
  }

  package mutating func string() throws -> String {
    try expect("\"")
    var text: [UInt8] = []
    while position < limit {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw fault("a string is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text += Array(String(try escaped()).utf8)
      case 0..<0x20: throw fault("a control character in a string")
      default: text.append(byte)
      }
    }
    throw fault("a string without end")
  }

  /// Throws: `Fault` when something follows.
  package mutating func end() throws {
    skipSpace()
    guard position == limit else { throw fault("more bytes after the object") }
  }

  /// A whole number, 0 or more.
  package mutating func integer() throws -> Int {
    skipSpace()
    var value = 0
    let start = position
    while position < limit, (0x30...0x39).contains(bytes[position]) {
      let (product, high) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !high, !carry else { throw fault("a number beyond 64 bits") }
      value = sum
      position += 1
    }
    guard position > start else { throw fault("no whole number of 0 or more") }
    return value
  }

  /// Any number; it is finite.
  package mutating func number() throws -> Double {
    let text = try numberText()
    guard let value = Double(text), value.isFinite else { throw fault("\(text) is no number") }
    return value
  }

  /// A text, a number as it is written, or nil for another value, which is skipped.
  package mutating func stringOrNumber() throws -> String? {
    switch peek() {
    case UInt8(ascii: "\"")?: return try string()
    case UInt8(ascii: "-")?, (0x30...0x39)?: return try numberText()
    default:
      _ = try skip()
      return nil
    }
  }

  /// The next byte that is no space, which stays; nil at the end.
  package mutating func peek() -> UInt8? {
    skipSpace()
    return position < limit ? bytes[position] : nil
  }

  /// Passes over any value and tells where it stands.
  package mutating func skip() throws -> Range<Int> {
    skipSpace()
    let start = position
    var open: [UInt8] = []
    repeat {
      guard let byte = peek() else { throw fault("a value without end") }
      switch byte {
      case UInt8(ascii: "\""): try skipString()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard open.count < Self.levelsMax else { throw fault("nested beyond \(Self.levelsMax)") }
        open.append(byte + 2)  // the closing bracket's code
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard open.popLast() == byte else { throw fault("a bracket that closes nothing") }
        position += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard !open.isEmpty else { throw fault("a value is missing") }
        position += 1
      default:
        let word = position
        while position < limit, isOfWord(bytes[position]) { position += 1 }
        guard position > word else { throw fault("a byte that begins no value") }
      }
    } while !open.isEmpty
    return start..<position
  }

  private func isOfWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "E")
  }

  private mutating func skipString() throws {
    position += 1
    while position < limit {
      let byte = bytes[position]
      position += byte == UInt8(ascii: "\\") ? 2 : 1
      if byte == UInt8(ascii: "\"") { return }
    }
    throw fault("a string without end")
  }

  private mutating func numberText() throws -> String {
    skipSpace()
    let start = position
    while position < limit, isOfWord(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // Swift reads more than JSON has: "nan", "0x1p3".
    guard let first = text.utf8.first, first == 0x2D || (0x30...0x39).contains(first),
      text.utf8.count < 64,
      text.utf8.allSatisfy({ (0x2B...0x39).contains($0) || $0 | 0x20 == 0x65 })
    else { throw fault("no number") }
    return text
  }

  private mutating func escaped() throws -> Character {
    guard position < limit else { throw fault("a string without end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"): return Character(try scalar())
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return Character(Unicode.Scalar(byte))
    default: throw fault("an unknown escape in a string")
    }
  }

  /// The scalar of "\u….", of two such where the first is half a surrogate pair.
  private mutating func scalar() throws -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, position + 1 < limit, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { throw fault("half a surrogate pair") }
    position += 2
    let second = try hexadecimal()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw fault("half a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws -> UInt32 {
    guard position + 4 <= limit,
      let digits = String(validating: bytes[position..<position + 4], as: UTF8.self),
      digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16)
    else { throw fault("four hexadecimal digits are missing") }
    position += 4
    return value
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    guard take(character) else { throw fault("\(character) is missing") }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < limit, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < limit, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
  }

  /// What to throw for a value that is there and will not do.
  package func fault(_ what: String) -> Fault { Fault(position: position, what: what) }
}
