import Data
import Tensors

/// The tensors of one safetensors file, or of the shards that an index lists.
///
/// The bytes may be anybody's: names of shards stay in the index's folder, and what the index says
/// is compared with what the shards hold.
public struct WeightFiles: Sendable {
  /// What was opened: a file, or an index.
  public let path: String
  /// In the order of the file's header, or of the shards' names.
  public let entries: [SafetensorsFile.Entry]
  private let files: [String: SafetensorsFile]  // by name of the tensor

  static let singleName = "model.safetensors"
  static let indexName = "model.safetensors.index.json"

  /// - `path`: A `.safetensors` file, an index (`.json`), or a folder with `model.safetensors` or
  ///   `model.safetensors.index.json`.
  ///
  /// Throws `FileError`, `SafetensorsError`, `WeightsError`.
  public init(path: String) throws {
    let path = try Self.file(of: path)
    self.path = path
    let opened: [SafetensorsFile]
    if path.hasSuffix(".json") {
      let index = try Self.index(path)
      opened = try index.shards.map { try SafetensorsFile(path: Self.folder(of: path) + $0) }
      try index.check(opened, path: path)
    } else {
      opened = [try SafetensorsFile(path: path)]
    }
    var files: [String: SafetensorsFile] = [:]
    for file in opened {
      for entry in file.entries {
        guard files.updateValue(file, forKey: entry.name) == nil else {
          throw WeightsError(
            file: file.path, problem: "has \(entry.name), and so has another shard",
            advice: "Fetch the shards of one model again")
        }
      }
    }
    self.files = files
    entries = opened.flatMap(\.entries)
  }

  /// A tensor converted to float32, in the file's order of axes.
  ///
  /// Throws `FileError`, `SafetensorsError`.
  public func tensor(named name: String) throws -> Tensor {
    guard let file = files[name] else {
      throw SafetensorsError.noTensor(file: path, tensor: name)
    }
    return try file.tensor(named: name)
  }

  private static func file(of path: String) throws -> String {
    guard Files.isFolder(path) else { return path }
    for name in [indexName, singleName] where Files.isFile("\(path)/\(name)") {
      return "\(path)/\(name)"
    }
    throw WeightsError(
      file: path, problem: "is a folder without \(singleName) or \(indexName)",
      advice: "Name a safetensors file")
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  private static func index(_ path: String) throws -> ShardIndex {
    do {
      let size = try Files.byteCount(of: path)
      guard size <= ShardIndex.bytesMax else {
        throw ShardIndex.Fault(what: "it has \(size) bytes, at most \(ShardIndex.bytesMax)")
      }
      return try ShardIndex(json: Files.bytes(of: path))
    } catch let fault as ShardIndex.Fault {
      throw WeightsError(
        file: path, problem: "is no index of shards: \(fault.what)",
        advice: "Fetch it again, or name a safetensors file")
    } catch let error as DataError {
      throw WeightsError(file: error.file, problem: error.problem, advice: error.advice)
    }
  }
}

/// The index of a sharded model: {"weight_map": {name of a tensor: name of its file, …}, …}.
package struct ShardIndex: Equatable {
  package struct Fault: Error {
    package let what: String
  }

  static let bytesMax = 16 << 20
  /// Each is an open file.
  static let shardsMax = 256

  package private(set) var shardByName: [String: String] = [:]

  /// Names of files, in order.
  package var shards: [String] { Set(shardByName.values).sorted() }

  /// Throws `Fault`.
  package init(json: [UInt8]) throws {
    var reader = JSONReader(bytes: json)
    do {
      try reader.object { reader, key in
        guard key == "weight_map" else {
          _ = try reader.skip()
          return
        }
        try reader.object { reader, name in
          let file = try reader.string()
          guard shardByName.updateValue(file, forKey: name) == nil else {
            throw Fault(what: "it names \(name) twice")
          }
        }
      }
      try reader.end()
    } catch let fault as JSONReader.Fault {
      throw Fault(what: "at byte \(fault.position): \(fault.what)")
    }
    guard !shardByName.isEmpty else { throw Fault(what: "it has no weight_map") }
    let shards = shards
    guard shards.count <= Self.shardsMax else {
      throw Fault(what: "it lists \(shards.count) files, at most \(Self.shardsMax)")
    }
    for name in shards
    where name.isEmpty || name.hasPrefix(".") || name.contains("/") || name.utf8.contains(0) {
      throw Fault(what: "'\(name)' is no name of a file beside it")
    }
  }

  /// Whether the shards hold what the index says.
  ///
  /// Throws `WeightsError`.
  fileprivate func check(_ opened: [SafetensorsFile], path: String) throws {
    let byName = Dictionary(uniqueKeysWithValues: zip(shards, opened))
    for (name, shard) in shardByName.sorted(by: { $0.key < $1.key })
    where byName[shard]?.entry(named: name) == nil {
      throw WeightsError(
        file: path, problem: "says that \(name) is in \(shard), which has it not",
        advice: "Fetch the index and its shards again, all of one version")
    }
  }
}
