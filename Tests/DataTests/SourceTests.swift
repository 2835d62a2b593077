import Data
import Tensors
import TestSupport
import Testing

/// Small data sets on disk, whole and broken.
@Suite struct SourceTests {
  private let image = ByteTensor(repeating: 50, shape: [4, 6, 3]).pngBytes()

  private func mask(_ value: UInt8, height: Int = 4) -> [UInt8] {
    ByteTensor(repeating: value, shape: [height, 6]).pngBytes()
  }

  private func withVOC<R>(_ body: (String) throws -> R) throws -> R {
    try withTemporaryFolder { root in
      for name in ["a", "b"] {
        try write(image, to: "\(root)/JPEGImages/\(name).png")
        try write(mask(20), to: "\(root)/SegmentationClass/\(name).png")
      }
      try write("a\n", to: "\(root)/ImageSets/Segmentation/train.txt")
      try write("  b \n\n", to: "\(root)/ImageSets/Segmentation/val.txt")
      return try body(root)
    }
  }

  private func withCamVid<R>(_ list: String, _ body: (String) throws -> R) throws -> R {
    try withTemporaryFolder { root in
      try write(image, to: "\(root)/train/x.png")
      var values = [UInt8](repeating: 10, count: 24)
      values[5] = 11
      try write(ByteTensor(values, shape: [4, 6]).pngBytes(), to: "\(root)/trainannot/x.png")
      try write(list, to: "\(root)/train.txt")
      return try body(root)
    }
  }

  /// The `DataError` of `body`; nil when it throws none.
  ///
  /// Never inlined: with Swift 6.3.1 in release mode, of two inlined calls one after the other the
  /// second gave the first one's error.
  @inline(never)
  private func problem(_ body: () throws -> Void) -> DataError? {
    do {
      try body()
      return nil
    } catch {
      return error as? DataError
    }
  }

  private func openingProblem(_ format: String, _ path: String, split: String) -> DataError? {
    problem { _ = try openData(format: format, path: path, split: split) }
  }

  @Test func `reads VOC folders`() throws {
    try withVOC { root in
      let source = try openData(format: "voc", path: root, split: "val")
      #expect(source.count == 1 && source.splits == ["train", "val"])
      #expect(source.classNames.count == 21)
      let sample = try source.sample(at: 0)
      #expect(sample.id == "b" && sample.label == nil && sample.captions.isEmpty)
      #expect(try sample.image?.pixels().shape == [4, 6, 3])
      #expect(sample.mask?.shape == [4, 6] && sample.mask?.elements.first == 20)
    }
  }

  @Test func `reads captions and labels beside them`() throws {
    try withVOC { root in
      try write("none\nthing\n", to: "\(root)/classes.txt")
      try write("red\nblue\n", to: "\(root)/labels.txt")
      try write(mask(1), to: "\(root)/SegmentationClass/a.png")
      let lines =
        "{\"image\": \"a\", \"captions\": [\"a \\\"thing\\\"\"], \"label\": 1}\n{\"image\": \"b\"}"
      try write(lines, to: "\(root)/captions.jsonl")
      let source = try VOCSource(files: LocalFiles(root), split: "train")
      let sample = try source.sample(at: 0)
      #expect(sample.captions == ["a \"thing\""] && sample.label == 1)
      #expect(source.labelNames == ["red", "blue"] && source.classNames == ["none", "thing"])
      try write("{\"image\": \"a\", \"label\": 2}", to: "\(root)/captions.jsonl")
      #expect(
        problem { _ = try VOCSource(files: LocalFiles(root), split: "train") }?.problem.contains(
          "label 2")
          == true)
      try write("{\"image\": ", to: "\(root)/captions.jsonl")
      #expect(
        problem { _ = try VOCSource(files: LocalFiles(root), split: "train") }?.problem.contains(
          "line 1")
          == true)
    }
  }

  @Test func `names values and file when a mask is wrong`() throws {
    try withVOC { root in
      let file = "\(root)/SegmentationClass/a.png"
      let source = try VOCSource(files: LocalFiles(root), split: "train")
      try write(mask(21), to: file)
      let range = problem { _ = try source.sample(at: 0) }
      #expect(range?.file == file && range?.problem.contains("[21]") == true)
      try write(mask(1, height: 5), to: file)
      let size = problem { _ = try source.sample(at: 0) }
      #expect(size?.file == file && size?.problem.contains("6×5") == true)
      try write(mask(255), to: file)
      #expect(try source.sample(at: 0).mask?.elements.first == ignoredLabel)
    }
  }

  @Test func `names what is missing`() throws {
    try withVOC { root in
      try write("a\nc\n", to: "\(root)/ImageSets/Segmentation/train.txt")
      #expect(
        problem { _ = try VOCSource(files: LocalFiles(root), split: "train") }?.file.contains(
          "c.jpg") == true)
      try write("\n", to: "\(root)/ImageSets/Segmentation/train.txt")
      #expect(
        problem { _ = try VOCSource(files: LocalFiles(root), split: "train") }?.problem
          == "is empty")
      try write("../a\n", to: "\(root)/ImageSets/Segmentation/train.txt")
      let outside = problem { _ = try VOCSource(files: LocalFiles(root), split: "train") }
      #expect(outside?.problem.contains("leads outside") == true)
      let split = openingProblem("voc", root, split: "vall")
      #expect(split?.advice.contains("Did you mean val?") == true)
      let folder = openingProblem("voc", "\(root)/x", split: "val")
      #expect(folder?.problem == "is no folder")
      let format = openingProblem("vox", root, split: "val")
      #expect(format?.advice.contains("camvid, cifar, cityscapes, coco") == true)
      #expect(format?.advice.contains("Did you mean voc?") == true)
    }
  }

  @Test func `reads CamVid's lists, prefix and void`() throws {
    try withCamVid("/SegNet/CamVid/train/x.png /SegNet/CamVid/trainannot/x.png\n") { root in
      let source = try openData(format: "camvid", path: root, split: "train")
      let sample = try source.sample(at: 0)
      #expect(sample.id == "x" && source.classNames.count == 11)
      #expect(sample.mask?.elements[4] == 10 && sample.mask?.elements[5] == ignoredLabel)
    }
    try withCamVid("train/x.png\n") { root in
      #expect(
        problem { _ = try CamVidSource(files: LocalFiles(root), split: "train") }?.problem.contains(
          "line 1")
          == true)
    }
    try withCamVid("train/y.png trainannot/x.png\n") { root in
      #expect(
        problem { _ = try CamVidSource(files: LocalFiles(root), split: "train") }?.file.contains(
          "y.png") == true
      )
    }
  }

  @Test func `reads class folders in byte order`() throws {
    try withTemporaryFolder { root in
      for name in ["train/zebra/2.png", "train/zebra/10.png", "train/Ape/1.PNG", "test/Ape/1.png"] {
        try write(image, to: "\(root)/\(name)")
      }
      try write("notes", to: "\(root)/train/zebra/notes.txt")
      let source = try openData(format: "folders", path: root, split: "train")
      #expect(source.labelNames == ["Ape", "zebra"] && source.count == 3)
      let samples = try (0..<3).map { try source.sample(at: $0) }
      #expect(samples.map(\.id) == ["train/Ape/1.PNG", "train/zebra/10.png", "train/zebra/2.png"])
      #expect(samples.map(\.label) == [0, 1, 1])
      try write("", to: "\(root)/train/empty/readme")
      #expect(
        problem { _ = try ClassFolderSource(files: LocalFiles(root), split: "train") }?.file
          .hasSuffix("empty")
          == true)
    }
  }

  @Test func `fingerprints files in order with their sizes`() throws {
    try withVOC { root in
      let before = try VOCSource(files: LocalFiles(root), split: "train").manifest()
      #expect(before.entries.map(\.file) == ["JPEGImages/a.png", "SegmentationClass/a.png"])
      #expect(try VOCSource(files: LocalFiles(root), split: "train").manifest() == before)
      try write(mask(20) + [0], to: "\(root)/SegmentationClass/a.png")
      let after = try VOCSource(files: LocalFiles(root), split: "train").manifest()
      #expect(after.fingerprint != before.fingerprint)
      #expect(after.firstDifference(from: before)?.contains("SegmentationClass/a.png") == true)
      #expect(before.firstDifference(from: before) == nil)
    }
  }

  @Test func `fails or skips a bad sample as told`() throws {
    try withVOC { root in
      try write("a\nb\n", to: "\(root)/ImageSets/Segmentation/train.txt")
      try write(Array(image.prefix(20)), to: "\(root)/JPEGImages/a.png")
      let source = try VOCSource(files: LocalFiles(root), split: "train")
      let slots = [1, 0, 1].enumerated().map { Slot(index: $0, sample: $1) }
      #expect(throws: DataError.self) { try source.load(slots, onBadSample: .fail) }
      let result = try source.load(slots, onBadSample: .skip)
      #expect(result.loaded.map(\.slot.index) == [0, 2])
      #expect(result.loaded.map(\.sample.id) == ["b", "b"])
      #expect(result.skipped.map(\.slot) == [1])
      #expect(result.skipped.first?.file.hasSuffix("a.png") == true)
      // With its header whole the picture is only found out when it is decoded.
      try write(Array(image.prefix(image.count - 20)), to: "\(root)/JPEGImages/a.png")
      let read = try source.load(slots, onBadSample: .skip)
      #expect(read.skipped.isEmpty)
      let decoded = try read.skipping { _ = try $0.sample.image?.pixels() }
      #expect(decoded.loaded.map(\.slot.index) == [0, 2])
      #expect(decoded.skipped.map(\.slot) == [1])
    }
  }

  @Test func `suggests near words only`() {
    #expect(nearest(to: "camvi", among: ["voc", "camvid"]) == "camvid")
    #expect(nearest(to: "vco", among: ["voc", "camvid"]) == "voc")
    #expect(nearest(to: "imagenet", among: ["voc", "camvid"]) == nil)
  }
}
