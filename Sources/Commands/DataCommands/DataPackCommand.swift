import ArgumentParser
import Data
import Foundation
import Worlds

struct DataPackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Write a data set as tar shards.",
    discussion: """
      Shards are in WebDataset's convention (KEY.jpg, KEY.mask.png, KEY.cls, KEY.json), readable by \
      Martlet (format: webdataset) and by Python's webdataset. SPLIT.index beside them says where \
      each sample lies and what SHA-256 each shard has. Every sample is read and checked on the way.
      """)

  @OptionGroup var data: DataSetArguments
  @Option(help: "Folder for the shards; it must not hold shards of these splits yet.")
  var out: String
  @Option(help: "Megabytes after which a shard is closed.") var shardSize = 256

  func validate() throws {
    guard (1...65_536).contains(shardSize) else {
      throw ValidationError("--shard-size must be 1 to 65536 megabytes.")
    }
  }

  func run() throws {
    let opened = try data.open()
    try opened.format.check(options: opened.options)
    let all = try opened.format.splits(in: opened.files)
    let writer = ShardWriter(folder: out, shardBytes: shardSize << 20)
    for name in data.split.isEmpty ? all : data.split {
      let source = try opened.format.init(
        files: opened.files, split: name, options: opened.options)
      guard !Files.isFile("\(out)/\(name).index") else {
        throw DataError(
          file: "\(out)/\(name).index", problem: "is there already",
          advice: "Choose another folder, or remove the old shards")
      }
      let begin = Date()
      try writer.write(source) { done in
        guard Terminal.error.isInteractive, done % 64 == 0 else { return }
        let rate = Double(done) / max(1e-3, Date().timeIntervalSince(begin))
        let left = Numbers.fixed(Double(source.count - done) / rate, 0)
        Terminal.error.live("\(name): \(done) of \(source.count), \(left) s left")
      }
      Terminal.error.clear()
      Terminal.output.line("\(name): \(source.count) samples in \(out)/\(name)-*.tar")
    }
  }
}
