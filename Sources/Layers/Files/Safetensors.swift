import Data
import Tensors

/// The ecosystem's file of named tensors: an 8-byte length (little endian), a JSON header, the data.
///
/// What we write depends on names and values alone: no time, host or path is in it, names are
/// sorted, so equal models make equal files.
public enum Safetensors {
  /// How elements lie in a file that we write.
  public enum ElementType: String, Sendable {
    case float32 = "F32"
    /// For counters, which others keep as integers; values are rounded.
    case int64 = "I64"
  }

  /// A tensor to write.
  public struct Item: Sendable {
    public var name: String
    public var tensor: Tensor
    public var type: ElementType

    public init(_ name: String, _ tensor: Tensor, as type: ElementType = .float32) {
      self.name = name
      self.tensor = tensor
      self.type = type
    }
  }

  /// The longest header that is read or written, as in the Python package.
  static let headerBytesMax = 100_000_000

  /// Writes a whole new file beside `path`, makes it durable and puts it in the old one's place;
  /// after an error, a full disk too, the old file is as it was.
  ///
  /// Precondition: names are unique and none is "__metadata__". Throws `FileError`.
  public static func write(
    _ items: [Item], metadata: [String: String] = [:], to path: String
  ) throws {
    precondition(
      Set(items.map(\.name)).count == items.count
        && !items.contains { $0.name == "__metadata__" },
      "Safetensors.write: a name is used twice, or is __metadata__")
    let sorted = items.sorted { $0.name < $1.name }
    // The format allows no gaps, so wide elements go first and each lies at a multiple of its size.
    let placed = sorted.filter { $0.type == .int64 } + sorted.filter { $0.type == .float32 }
    var ranges: [String: Range<Int>] = [:]
    var end = 0
    for item in placed {
      let size = item.tensor.count * (item.type == .int64 ? 8 : 4)
      ranges[item.name] = end..<end + size
      end += size
    }
    var header = SafetensorsHeader()
    header.metadata = metadata
    header.tensors = sorted.map { item in
      (
        item.name,
        .init(
          type: item.type.rawValue, shape: item.tensor.shape, range: ranges[item.name] ?? 0..<0)
      )
    }
    var json = header.json
    json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
    precondition(json.count <= headerBytesMax, "Safetensors.write: a header of \(json.count) bytes")
    try AtomicFile.write(to: path) { file in
      try withUnsafeBytes(of: UInt64(json.count).littleEndian) { try file.append($0) }
      try json.withUnsafeBytes { try file.append($0) }
      for item in placed {
        switch item.type {
        case .float32:
          try item.tensor.withUnsafeElements { try file.append(UnsafeRawBufferPointer($0)) }
        case .int64:
          let whole = item.tensor.elements.map { Int64($0.rounded()).littleEndian }
          try whole.withUnsafeBytes { try file.append($0) }
        }
      }
    }
  }
}
