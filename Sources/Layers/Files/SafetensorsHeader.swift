/// The JSON head of a safetensors file: for each tensor its type, shape and place.
///
/// Read by a parser of its own, as the bytes may be anybody's: it takes exactly the grammar of the
/// format, refuses repeated names and never recurses.
struct SafetensorsHeader: Equatable {
  struct Tensor: Equatable {
    var type: String
    var shape: [Int]
    /// Bytes from the end of the header.
    var range: Range<Int>
  }

  struct Fault: Error {
    var tensor: String?
    var what: String
  }

  var metadata: [String: String] = [:]
  /// In the order of the file.
  var tensors: [(name: String, tensor: Tensor)] = []

  static func == (a: Self, b: Self) -> Bool {
    a.metadata == b.metadata && a.tensors.map(\.name) == b.tensors.map(\.name)
      && a.tensors.map(\.tensor) == b.tensors.map(\.tensor)
  }

  /// As JSON without spaces, metadata first, names in the order of `tensors`.
  var json: [UInt8] {
    var parts: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map {
        "\(Self.quoted($0)):\(Self.quoted($1))"
      }
      parts.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    for (name, tensor) in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      parts.append(
        "\(Self.quoted(name)):{\"dtype\":\"\(tensor.type)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(tensor.range.lowerBound),\(tensor.range.upperBound)]}")
    }
    return Array("{\(parts.joined(separator: ","))}".utf8)
  }

  init() {}

  /// Throws `Fault`.
  init(json: [UInt8]) throws {
    var reader = JSONReader(bytes: json)
    var seen: Set<String> = []
    try reader.object { reader, name in
      guard seen.insert(name).inserted else { throw Fault(tensor: name, what: "named twice") }
      if name == "__metadata__" {
        try reader.object { reader, key in metadata[key] = try reader.string() }
      } else {
        tensors.append((name, try Tensor(named: name, from: &reader)))
      }
    }
    try reader.end()
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}

extension SafetensorsHeader.Tensor {
  fileprivate init(named name: String, from reader: inout JSONReader) throws {
    var (type, shape, offsets): (String?, [Int]?, [Int]?) = (nil, nil, nil)
    try reader.object { reader, key in
      switch key {
      case "dtype" where type == nil: type = try reader.string()
      case "shape" where shape == nil: shape = try reader.integers(countMax: 32)
      case "data_offsets" where offsets == nil: offsets = try reader.integers(countMax: 2)
      default:
        throw SafetensorsHeader.Fault(tensor: name, what: "field \(key) is unknown or repeated")
      }
    }
    guard let type, let shape, let offsets else {
      throw SafetensorsHeader.Fault(tensor: name, what: "dtype, shape or data_offsets is missing")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw SafetensorsHeader.Fault(tensor: name, what: "data_offsets \(offsets) are not a range")
    }
    self.init(type: type, shape: shape, range: offsets[0]..<offsets[1])
  }
}

/// Just the JSON that the header's grammar has: objects, strings and arrays of whole numbers.
private struct JSONReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func object(_ member: (inout JSONReader, String) throws -> Void) throws {
    try expect("{")
    if take("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  mutating func integers(countMax: Int) throws -> [Int] {
    try expect("[")
    var values: [Int] = []
    if take("]") { return values }
    repeat {
      guard values.count < countMax else { throw fault("more than \(countMax) numbers") }
      values.append(try integer())
    } while take(",")
    try expect("]")
    return values
  }

  mutating func string() throws -> String {
    try expect("\"")
    var text: [UInt8] = []
    while position < bytes.count {
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

  mutating func end() throws {
    skipSpace()
    guard position == bytes.count else { throw fault("more bytes after the object") }
  }

  private mutating func integer() throws -> Int {
    skipSpace()
    var value = 0
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (product, high) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !high, !carry else { throw fault("a number beyond 64 bits") }
      value = sum
      position += 1
    }
    guard position > start else { throw fault("no whole number of 0 or more") }
    return value
  }

  private mutating func escaped() throws -> Character {
    guard position < bytes.count else { throw fault("a string without end") }
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
    guard first < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
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
    guard position + 4 <= bytes.count,
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
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
  }

  private func fault(_ what: String) -> SafetensorsHeader.Fault {
    SafetensorsHeader.Fault(tensor: nil, what: "at byte \(position) of the header: \(what)")
  }
}
