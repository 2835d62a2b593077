import Data
import Foundation
import TestSupport
import Testing

/// Names that lead out of the data set, wherever a file may name another: nothing outside is read,
/// and nothing is written anywhere.
@Suite struct TraversalTests {
  /// What is tried in place of every name.
  static let ways = [
    "../secret.png", "/etc/passwd", "a/../../secret.png", "..", "../", "./../secret.png",
    "secret.png\u{0}", "\u{0}../secret.png",
  ]

  struct Case: Sendable, CustomTestStringConvertible {
    let what: String
    let format: String
    let split: String
    /// The file that names another, and its content with this way in it.
    let file: String
    let content: @Sendable (String) -> [UInt8]
    /// Samples that other files name.
    var others = 0

    var testDescription: String { what }
  }

  static let cases: [Case] = [
    Case(what: "CamVid's list", format: "camvid", split: "train", file: "train.txt") {
      FormatExample.text("\($0) trainannot/x.png\n")
    },
    Case(what: "CamVid's list of masks", format: "camvid", split: "train", file: "train.txt") {
      FormatExample.text("train/x.png \($0)\n")
    },
    Case(what: "an image list", format: "lists", split: "train", file: "train.txt") {
      FormatExample.text("\($0) 0\n")
    },
    Case(
      what: "VOC's list", format: "voc", split: "train",
      file: "ImageSets/Segmentation/train.txt"
    ) { FormatExample.text("\($0)\n") },
    Case(
      what: "COCO's JSON", format: "coco", split: "val", file: "annotations/instances_val.json",
      content: { way in
        let name = way.unicodeScalars.map { $0.value == 0 ? "\\u0000" : String($0) }.joined()
        return FormatExample.text(
          "{\"images\": [{\"id\": 9, \"file_name\": \"\(name)\", \"height\": 4, \"width\": 6}],"
            + " \"annotations\": [], \"categories\": []}")
      }, others: 1),
    Case(what: "a list of HDF5 volumes", format: "hdf5", split: "train", file: "train.list") {
      FormatExample.text("\($0)\n")
    },
    Case(what: "a MetaImage's data", format: "volumes", split: "all", file: "images/a.mhd") {
      FormatExample.metaHeader(place: $0)
    },
    Case(what: "an npz's member", format: "features", split: "train", file: "train.npz") {
      Bomb.zip([($0, 4, [1, 4, 0, 0xFB, 0xFF, 1, 2, 3, 4])])
    },
    Case(what: "an index of shards", format: "webdataset", split: "train", file: "train.index") {
      FormatExample.text(
        "martlet shards 1\n{\"classNames\":[],\"labelNames\":[]}\nshard \($0) 4 0\na jpg:0+4\n")
    },
  ]

  @Test(arguments: cases)
  func `a name that leads outside is refused`(item: Case) throws {
    let example = try #require(
      FormatExample.all.first { $0.format == item.format && $0.files[item.file] != nil })
    try withTemporaryFolder { folder in
      // What a way out would find is there, and is a whole picture.
      try write(FormatExample.picture, to: "\(folder)/secret.png")
      for way in Self.ways {
        var files = example.files
        files[item.file] = item.content(way)
        let root = "\(folder)/set"
        for (name, bytes) in files { try write(bytes, to: "\(root)/\(name)") }
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
        for tree in [MemoryFiles(files), try LocalFiles(root)] as [any FileTree] {
          let check = try DataCheck(
            format: dataFormat(named: item.format), files: tree, options: example.options)
          let report = check.run(split: item.split).report
          #expect(!report.problems.isEmpty, "\(way.debugDescription)")
          #expect(report.summary.samples == item.others, "\(way.debugDescription)")
          if let memory = tree as? MemoryFiles { #expect(memory.strayNames == []) }
        }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() == before)
        try FileManager.default.removeItem(atPath: root)
      }
    }
  }

  /// The member's name is only a key; links, devices and folders are passed over.
  @Test func `members of a tar name nothing outside of it`() throws {
    let picture = FormatExample.picture
    let link = (UInt8(ascii: "1"), UInt8(ascii: "2"))
    let archive = TarBuilder.archive([
      .init(name: "../../evil.png", content: picture),
      .init(name: "/etc/evil.png", content: picture),
      .init(name: "a\\evil.png", content: picture),
      .init(name: "link.png", kind: link.1, link: "/etc/passwd"),
      .init(name: "hard.png", kind: link.0, link: "../../secret.png"),
      .init(name: "device.png", kind: UInt8(ascii: "3")),
      .init(name: "pipe.png", kind: UInt8(ascii: "6")),
      .init(name: "folder.png/", kind: UInt8(ascii: "5")),
      .init(name: "link.png/inner.png", content: picture),
      .init(name: "a\u{0}b.png", content: picture),
    ])
    try withTemporaryFolder { folder in
      try write(archive, to: "\(folder)/set/train-000000.tar")
      let source = try openData(format: "webdataset", path: "\(folder)/set", split: "train")
      let samples = try (0..<source.count).map { try source.sample(at: $0) }
      #expect(samples.map(\.id) == ["../../evil", "/etc/evil", "a\\evil", "link.png/inner"])
      for sample in samples { #expect(try sample.image?.pixels().count == 4 * 6 * 3) }
      // Packed again, keys are numbers: what unpacks them leads nowhere either.
      try ShardWriter(folder: "\(folder)/packed").write(source)
      let left = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
      #expect(
        left == [
          "packed", "packed/train-000000.tar", "packed/train.index", "set",
          "set/train-000000.tar",
        ])
      let packed = try Foundation.Data(
        contentsOf: URL(filePath: "\(folder)/packed/train-000000.tar"))
      #expect(
        String(decoding: packed.prefix(100).prefix { $0 != 0 }, as: UTF8.self) == "000000000.png")
    }
  }

  @Test func `a link that its owner made in the folder is followed, a file for a name is not`()
    throws
  {
    try withTemporaryFolder { folder in
      try write(FormatExample.picture, to: "\(folder)/elsewhere/1.png")
      try write(FormatExample.picture, to: "\(folder)/set/train/a/1.png")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/set/train/b", withDestinationPath: "\(folder)/elsewhere")
      // A circle of links ends.
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/set/train/a/again", withDestinationPath: "\(folder)/set/train")
      let source = try openData(format: "folders", path: "\(folder)/set", split: "train")
      #expect(source.labelNames == ["a", "b"] && source.count == 2)
      let files = try LocalFiles("\(folder)/set")
      for way in Self.ways where !way.hasPrefix("secret") {
        #expect(files.kind(of: way) == nil, "\(way.debugDescription)")
        #expect(throws: DataError.self) { try files.bytes(of: way) }
        #expect(throws: DataError.self) { try files.names(in: way) }
      }
    }
  }
}
