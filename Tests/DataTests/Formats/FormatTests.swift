import Data
import Tensors
import TestSupport
import Testing

/// Every format reads its example as it was meant.
@Suite struct FormatTests {
  private func example(_ format: String, _ variant: String = "") throws -> any FileSource {
    try #require(FormatExample.all.first { $0.format == format && $0.variant == variant }).source()
  }

  @Test func `each format has an example`() {
    #expect(
      Set(FormatExample.all.map(\.format)) == Set(dataFormats.map { $0.format }))
  }

  @Test(arguments: FormatExample.all)
  func `a whole data set has no problems`(example: FormatExample) throws {
    let report = try example.report()
    #expect(report.problems == [])
    #expect(report.sampleCount == example.samples && report.summary.samples == example.samples)
    let source = try example.source()
    #expect(source.splits.contains(example.split))
    #expect(try source.manifest() == example.source().manifest())
    // What a sample needs is what it says it needs.
    for index in 0..<source.count {
      let parts = source.parts(at: index).map(\.file) + source.listFiles
      let part = example.files.filter { parts.contains($0.key) }
      #expect(part.count == Set(parts).count)
    }
  }

  @Test(arguments: FormatExample.all)
  func `is recognised`(example: FormatExample) throws {
    let found = try recognisedFormat(of: MemoryFiles(example.files))
    #expect(found.format == example.format)
  }

  @Test func `says when a folder is nobody's, or anybody's`() throws {
    let nobody = MemoryFiles(["notes.md": [1]])
    #expect(throws: DataError.self) { try recognisedFormat(of: nobody) }
    let anybody = MemoryFiles(["a/b/1.png": FormatExample.picture, "train.csv": [1]])
    let error = #expect(throws: DataError.self) { try recognisedFormat(of: anybody) }
    #expect(error?.problem.contains("folders, text") == true)
  }

  @Test func `names the data sets of a folder that holds several`() throws {
    var files: [String: [UInt8]] = [:]
    for format in ["camvid", "coco", "cifar"] {
      let example = try #require(FormatExample.all.first { $0.format == format })
      for (name, bytes) in example.files { files["my \(format)/\(name)"] = bytes }
    }
    let error = #expect(throws: DataError.self) { try recognisedFormat(of: MemoryFiles(files)) }
    #expect(
      error?.problem.contains("my camvid (camvid), my cifar (cifar), my coco (coco)") == true,
      "\(String(describing: error))")
  }

  @Test func `class folders may lie deep or at the top`() throws {
    #expect(try example("folders", "without splits").labelNames == ["ape", "zebra"])
    let nested = try example("folders", "nested")
    #expect(nested.labelNames == ["Greek/character01", "Greek/character02", "Latin/character01"])
    #expect(try nested.sample(at: 2).label == 2)
  }

  @Test func `lists name labels or count them`() throws {
    let source = try example("lists")
    #expect(try source.sample(at: 0).label == 1 && source.sample(at: 1).label == 0)
    #expect(source.name(at: 0).hasSuffix("images/a b.png"))
  }

  @Test func `label values become classes`() throws {
    #expect(try example("cityscapes").sample(at: 0).mask?.elements.first == 0)
    let scene = try example("ade20k")
    #expect(scene.classNames == ["wall", "building"])
    #expect(try scene.sample(at: 0).mask?.elements.first == 1)
    let stuff = try example("coco-stuff")
    #expect(stuff.classNames.count == 171 && Set(stuff.classNames).count == 171)
    #expect(stuff.classNames.first == "person" && stuff.classNames[80] == "banner")
    #expect(try stuff.sample(at: 0).mask?.elements.first == 170)
    let files = [
      "leftImg8bit/val/ulm/ulm_1_leftImg8bit.png": FormatExample.picture,
      "gtFine/val/ulm/ulm_1_gtFine_labelIds.png": FormatExample.mask(99),
    ]
    let source = try PairedSource<Cityscapes>(files: MemoryFiles(files), split: "val")
    let error = #expect(throws: DataError.self) { try source.sample(at: 0) }
    #expect(error?.problem.contains("[99]") == true)
  }

  @Test func `COCO's objects, outlines, runs and captions`() throws {
    let source = try example("coco")
    #expect(source.classNames == ["car", "brush"])
    let first = try source.sample(at: 0)
    #expect(first.id == "7" && first.captions == ["a étoile"])
    #expect(first.annotations.map(\.category) == [1, 0])
    #expect(first.annotations.map(\.isCrowd) == [false, true])
    #expect(first.annotations[0].region == .polygons([[1, 1, 3.5, 1, 3.5, 3]]))
    #expect(first.annotations[0].keypoints == [.init(x: 1, y: 2, visibility: 2)])
    guard case .runs(let plain) = first.annotations[1].region,
      case .runs(let packed) = try source.sample(at: 1).annotations[0].region
    else {
      Issue.record("runs are read as runs")
      return
    }
    #expect(plain == packed && plain.area == 8)
    var pixels: [[Int]] = []
    plain.forEachPixel { pixels.append([$0, $1]) }
    #expect(pixels.first == [0, 1] && pixels.last == [3, 2])
  }

  @Test func `texts with quotes, line ends and labels of all splits`() throws {
    let source = try example("text")
    #expect(source.labelNames == ["fake", "other", "real"])
    let samples = try (0..<3).map { try source.sample(at: $0) }
    #expect(samples.map(\.text) == ["a, \"b\"\nc", "d", "e\"\""])
    #expect(samples.map(\.label) == [2, 0, 2] && samples.map(\.id) == ["1", "2", "3"])
    let lines = try example("text", "JSON Lines")
    #expect(try lines.sample(at: 1).text == "\n" && lines.sample(at: 0).label == 0)
    let error = #expect(throws: DataError.self) {
      try TextTableSource(
        files: MemoryFiles(["train.csv": Array("a,b\n1,2\n".utf8)]), split: "train")
    }
    #expect(error?.problem.contains("no column text") == true)
  }

  @Test func `volumes scaled and with their labels`() throws {
    let sample = try example("volumes").sample(at: 0)
    let volume = try #require(sample.volume)
    #expect(sample.id == "a" && volume.values.shape == [2, 3, 4])
    #expect(volume.values.elements == FormatExample.values.map { $0 * 0.5 + 10 })
    #expect(volume.spacing == [2, 0.75, 0.5] && volume.labels?.elements == FormatExample.labels)
    for variant in ["NIfTI-2 and packed MetaImage", "MetaImage in two files"] {
      let volume = try #require(try example("volumes", variant).sample(at: 0).volume)
      #expect(volume.values.elements == FormatExample.values, "\(variant)")
      #expect(volume.spacing == [3, 2, 1])
    }
    for variant in ["", "behind a text, as MATLAB writes it", "left atrium"] {
      let volume = try #require(try example("hdf5", variant).sample(at: 0).volume)
      #expect(volume.values.elements == FormatExample.values, "\(variant)")
      #expect(volume.labels?.elements == FormatExample.labels)
    }
  }

  @Test func `features by rows`() throws {
    for example in FormatExample.arrays {
      let source = try example.source()
      let rows = try (0..<3).map { try source.sample(at: $0) }
      #expect(rows.map { $0.features?.elements } == [[0, 1], [2, 3], [4, 5]], "\(example)")
      if !source.labelNames.isEmpty { #expect(rows.map(\.label) == [2, 0, 1], "\(example)") }
    }
    let labelled = try FormatExample.arrays.filter { try !$0.source().labelNames.isEmpty }
    #expect(labelled.count == 4)
  }

  @Test func `options are the format's own`() throws {
    let error = #expect(throws: DataError.self) {
      try TextTableSource.check(options: ["txet": "a"])
    }
    #expect(error?.advice == "Did you mean text?")
    try TextTableSource.check(options: ["text": "a", "train": "b"])
  }

  @Test func `a job's splits may be called otherwise`() throws {
    let files = MemoryFiles(FormatExample.pictures.first { $0.format == "coco" }?.files ?? [:])
    let source = try COCOSource(files: files, split: "train", options: ["train": "val"])
    #expect(source.split == "val" && source.splits == ["train"] && source.count == 2)
  }
}
