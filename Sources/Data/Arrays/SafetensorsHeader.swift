/// The JSON head of a safetensors file: for each tensor its type, shape and place.
///
/// Read by a parser of its own, as the bytes may be anybody's: it takes exactly the grammar of the
/// format, refuses repeated names and never recurses.
package struct SafetensorsHeader: Equatable {
  package struct Tensor: Equatable {
    package var type: String
    package var shape: [Int]
    /// Bytes from the end of the header.
    package var range: Range<Int>

    package init(type: String, shape: [Int], range: Range<Int>) {
      self.type = type
      self.shape = shape
      self.range = range
    }
  }

  package struct Fault: Error {
    package var tensor: String?
    package var what: String
  }

  package var metadata: [String: String] = [:]
  /// In the order of the file.
  package var tensors: [(name: String, tensor: Tensor)] = []

  package static func == (a: Self, b: Self) -> Bool {
    a.metadata == b.metadata && a.tensors.map(\.name) == b.tensors.map(\.name)
      && a.tensors.map(\.tensor) == b.tensors.map(\.tensor)
  }

  /// As JSON without spaces, metadata first, names in the order of `tensors`.
  package var json: [UInt8] {
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

  package init() {}

  /// Throws `Fault`.
  package init(json: [UInt8]) throws {
    var reader = JSONReader(bytes: json)
    var seen: Set<String> = []
    do {
      try reader.object { reader, name in
        guard seen.insert(name).inserted else { throw Fault(tensor: name, what: "named twice") }
        if name == "__metadata__" {
          try reader.object { reader, key in metadata[key] = try reader.string() }
        } else {
          tensors.append((name, try Tensor(named: name, from: &reader)))
        }
      }
      try reader.end()
    } catch let fault as JSONReader.Fault {
      throw Fault(tensor: nil, what: "at byte \(fault.position) of the header: \(fault.what)")
    }
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
