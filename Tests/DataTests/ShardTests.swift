import Data
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ShardTests {
  /// A class folder with more pictures than a shard takes.
  private func pictures(_ count: Int) throws -> any FileSource {
    var files: [String: [UInt8]] = [:]
    for number in 0..<count {
      let pixels = (0..<48).map { UInt8(truncatingIfNeeded: $0 * 7 + number * 31) }
      files["train/\(number % 2 == 0 ? "even" : "odd")/\(1_000 + number).png"] =
        ByteTensor(pixels, shape: [4, 4, 3]).pngBytes()
    }
    return try ClassFolderSource(files: MemoryFiles(files), split: "train")
  }

  private func packed<R>(_ source: some SampleSource, _ body: (String) throws -> R) throws -> R {
    try withTemporaryFolder { folder in
      // Some samples fill a shard.
      try ShardWriter(folder: folder, shardBytes: 12_000).write(source)
      return try body(folder)
    }
  }

  private func expectEqual(_ a: some SampleSource, _ b: some SampleSource) throws {
    #expect(a.count == b.count)
    #expect(a.classNames == b.classNames && a.labelNames == b.labelNames)
    for index in 0..<min(a.count, b.count) {
      let (x, y) = (try a.sample(at: index), try b.sample(at: index))
      #expect(x.id == y.id)
      let (left, right) = (try x.image?.pixels(), try y.image?.pixels())
      #expect(left?.elements == right?.elements && left?.shape == right?.shape)
      #expect(x.mask?.elements == y.mask?.elements && x.mask?.shape == y.mask?.shape)
      #expect(x.label == y.label && x.captions == y.captions && x.text == y.text)
    }
  }

  @Test func `packed data gives the same samples in the same order`() throws {
    let source = try pictures(30)
    try packed(source) { folder in
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(names.filter { $0.hasSuffix(".tar") }.count > 2, "\(names)")
      #expect(!names.contains { $0.hasPrefix(".") }, "\(names)")
      let shards = try openData(format: "webdataset", path: folder, split: "train")
      try expectEqual(source, shards)
      let format = try recognisedFormat(of: LocalFiles(folder))
      #expect(format.format == "webdataset")
    }
  }

  @Test func `masks, captions and text survive`() throws {
    for example in FormatExample.all where ["voc", "texts"].contains(example.format) {
      let source = try example.source()
      try packed(source) { folder in
        let shards = try openData(format: "webdataset", path: folder, split: example.split)
        try expectEqual(source, shards)
      }
    }
  }

  @Test func `packing twice gives the same bytes`() throws {
    let source = try pictures(12)
    func bytes(_ folder: String) throws -> [String: Foundation.Data] {
      Dictionary(
        uniqueKeysWithValues: try FileManager.default.contentsOfDirectory(atPath: folder).map {
          ($0, try Foundation.Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
        })
    }
    let (once, again) = (try packed(source, bytes), try packed(source, bytes))
    #expect(once == again)
  }

  @Test func `shards without index are looked through`() throws {
    let source = try pictures(30)
    try packed(source) { folder in
      let indexed = try openData(format: "webdataset", path: folder, split: "train")
      try FileManager.default.removeItem(atPath: "\(folder)/train.index")
      try write("even\nodd\n", to: "\(folder)/labels.txt")
      try expectEqual(indexed, openData(format: "webdataset", path: folder, split: "train"))
    }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/tar"), "needs tar"))
  func `archives that tar made are read, long names included`() throws {
    try withTemporaryFolder { folder in
      let long = String(repeating: "a-long-folder/", count: 12)
      let picture = ByteTensor(repeating: 9, shape: [4, 4, 3]).pngBytes()
      try write(picture, to: "\(folder)/in/\(long)0001.png")
      try write("1", to: "\(folder)/in/\(long)0001.cls")
      try write(picture, to: "\(folder)/in/b/0002.png")
      try write("0", to: "\(folder)/in/b/0002.cls")
      for format in ["gnu", "pax", "ustar"] {
        let out = "\(folder)/\(format)"
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        let tar = Process()
        tar.executableURL = URL(filePath: "/usr/bin/tar")
        tar.arguments = [
          "--format=\(format)", "--sort=name", "-cf", "\(out)/train-000000.tar", "-C",
          "\(folder)/in", ".",
        ]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        let source = try openData(format: "webdataset", path: out, split: "train")
        #expect(source.count == 2, "\(format)")
        let samples = try (0..<2).map { try source.sample(at: $0) }
        #expect(samples.map(\.label) == [1, 0], "\(format)")
        #expect(samples[0].id.hasSuffix("\(long)0001"), "\(format)")
      }
    }
  }

  @Test func `tar reads what was packed`() throws {
    try packed(try pictures(3)) { folder in
      let tar = Process()
      let output = Pipe()
      tar.executableURL = URL(filePath: "/usr/bin/env")
      tar.arguments = ["tar", "-tf", "\(folder)/train-000000.tar"]
      tar.standardOutput = output
      try tar.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      tar.waitUntilExit()
      #expect(tar.terminationStatus == 0)
      #expect(
        text.split(separator: "\n").prefix(3)
          == ["000000000.png", "000000000.cls", "000000000.json"], "\(text)")
    }
  }

  @Test func `a failing sample leaves nothing half-done`() throws {
    let damaged = try ClassFolderSource(
      files: MemoryFiles([
        "train/a/1.png": ByteTensor(repeating: 9, shape: [4, 4, 3]).pngBytes(),
        "train/a/2.png": Array("no picture".utf8),
      ]), split: "train")
    try withTemporaryFolder { folder in
      #expect(throws: DataError.self) { try ShardWriter(folder: folder).write(damaged) }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == [])
    }
  }

  @Test func `a shard of another length than its index says is refused`() throws {
    try packed(try pictures(3)) { folder in
      try write("", to: "\(folder)/train-000000.tar")
      #expect {
        try openData(format: "webdataset", path: folder, split: "train")
      } throws: { error in
        (error as? DataError)?.file.hasSuffix("train-000000.tar") == true
      }
    }
  }
}
