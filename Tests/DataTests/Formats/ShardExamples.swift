import Data
import Foundation
import TestSupport

/// Shards as `ShardWriter` makes them, and as others do: without index.
extension FormatExample {
  static let shards: [FormatExample] = {
    let packed = (try? packedVOC()) ?? [:]
    return [
      FormatExample(format: "webdataset", split: "train", samples: 2, files: packed),
      FormatExample(
        format: "webdataset", split: "train", samples: 2,
        files: packed.filter { !$0.key.hasSuffix(".index") }
          .merging(["classes.txt": Array("none\nthing\n".utf8)]) { $1 },
        variant: "without index"),
    ]
  }()

  private static func packedVOC() throws -> [String: [UInt8]] {
    try withTemporaryFolder { folder in
      try ShardWriter(folder: folder).write(pictures[0].source())
      var files: [String: [UInt8]] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        files[name] = [UInt8](try Foundation.Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
      }
      return files
    }
  }
}
