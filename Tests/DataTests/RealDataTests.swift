import Data
import Tensors
import TestSupport
import Testing

/// Files nobody of this house has written.
@Suite struct RealDataTests {
  @Test(.enabled(if: sharedData("camvid") != nil, "no ../shared/data/camvid"))
  func `reads all of CamVid`() throws {
    let path = try #require(sharedData("camvid"))
    var classes = Set<UInt8>()
    for (split, count) in [("train", 367), ("val", 101), ("test", 233)] {
      let source = try openData(format: "camvid", path: path, split: split)
      #expect(source.count == count)
      for index in stride(from: 0, to: count, by: 10) {
        let sample = try source.sample(at: index)
        #expect(
          try sample.image?.pixels().shape == [180, 240, 3] && sample.mask?.shape == [180, 240])
        classes.formUnion(sample.mask?.elements ?? [])
      }
    }
    #expect(classes == Set(0...10).union([ignoredLabel]))
  }

  @Test(.enabled(if: sharedData("covid-fake-news") != nil, "no ../shared/data/covid-fake-news"))
  func `reads CONSTRAINT-2021's posts`() throws {
    let path = try #require(sharedData("covid-fake-news"))
    for (split, counts, broken) in [
      ("train", [3360, 3060], 244), ("val", [1120, 1020], 85), ("test", [1120, 1020], 81),
    ] {
      let source = try openData(format: "constraint", path: path, split: split)
      #expect(source.splits == ["test", "train", "val"])
      var (found, withBreaks) = ([0, 0], 0)
      for index in 0..<source.count {
        let sample = try source.sample(at: index)
        found[try #require(sample.label)] += 1
        #expect(sample.id == "\(index + 1)" && sample.text?.isEmpty == false)
        withBreaks += sample.text?.unicodeScalars.contains("\n") == true ? 1 : 0
      }
      #expect(found == counts && withBreaks == broken, "\(split): \(withBreaks)")
    }
    let unlabelled = try openData(format: "constraint", path: path, split: "unlabelled")
    #expect(try unlabelled.count == 2140 && unlabelled.sample(at: 0).label == nil)
  }

  @Test(.enabled(if: sharedData("cifar10-jpeg") != nil, "no ../shared/data/cifar10-jpeg"))
  func `reads CIFAR-10's folders`() throws {
    let path = try #require(sharedData("cifar10-jpeg"))
    let source = try openData(format: "folders", path: path, split: "test")
    #expect(source.count == 2000 && source.labelNames.count == 10)
    #expect(source.splits == ["test", "train"])
    for index in stride(from: 0, to: 2000, by: 61) {
      let sample = try source.sample(at: index)
      #expect(try sample.image?.pixels().shape == [32, 32, 3] && sample.label == index / 200)
    }
    #expect(try source.manifest().entries.count == 2000)
  }

  @Test(.enabled(if: sharedData("coco-mini") != nil, "no ../shared/data/coco-mini"))
  func `decodes COCO's photographs, whole and shrunk`() throws {
    let folder = try #require(sharedData("coco-mini")) + "/val2017"
    for name in try Files.names(in: folder).filter({ $0.hasSuffix(".jpg") }).prefix(20) {
      let whole = try Image.decoded(file: "\(folder)/\(name)")
      let small = try Image.decoded(file: "\(folder)/\(name)", shrink: 4)
      #expect(small.height == (whole.height + 3) / 4 && small.width == (whole.width + 3) / 4)
      // The same picture: mean brightness agrees to two steps.
      func mean(_ image: Image) -> Int {
        image.pixels.elements.reduce(0) { $0 + Int($1) } / image.pixels.count
      }
      #expect(abs(mean(whole) - mean(small)) <= 2)
    }
  }

  @Test(.enabled(if: sharedData("coco-mini") != nil, "no ../shared/data/coco-mini"))
  func `decodes parts of COCO's photographs as the whole of them`() throws {
    let folder = try #require(sharedData("coco-mini")) + "/train2017"
    let augmentation = Augmentation(
      size: ImageSize(height: 32, width: 32),
      framing: .resizedCrop(scale: 0.02...0.5, ratio: 0.5...2))
    for name in try Files.names(in: folder).filter({ $0.hasSuffix(".jpg") }).prefix(30) {
      let path = "\(folder)/\(name)"
      let image = try EncodedImage(Files.bytes(of: path), file: path)
      let whole = try image.decoded().pixels
      for seed in 0..<8 {
        let key = RandomKey(seed: UInt64(seed)).derived(name)
        let part = try augmentation(SampleImage(image), key: key).image
        #expect(part.elements == augmentation(whole, key: key).image.elements, "\(name) \(seed)")
      }
    }
  }

  @Test(.enabled(if: sharedData("omniglot-small") != nil, "no ../shared/data/omniglot-small"))
  func `decodes 1-bit drawings`() throws {
    let folder =
      try #require(sharedData("omniglot-small")) + "/images_background_small1/Greek/character01"
    let name = try #require(Files.names(in: folder).first)
    let drawing = try Image.decoded(file: "\(folder)/\(name)", as: .gray)
    #expect(drawing.pixels.shape == [105, 105, 1])
    #expect(Set(drawing.pixels.elements) == [0, 255])
  }

  /// A set of ../shared/data as its README counts it.
  struct SharedSet: Sendable, CustomStringConvertible {
    let folder: String
    let format: String
    let counts: [String: Int]
    var description: String { folder }
  }

  private static let sets = [
    SharedSet(
      folder: "camvid", format: "camvid", counts: ["train": 367, "val": 101, "test": 233]),
    SharedSet(
      folder: "covid-fake-news/data", format: "constraint",
      counts: ["train": 6420, "val": 2140, "test": 2140, "unlabelled": 2140]),
    SharedSet(
      folder: "left-atrium/2018LA_Seg_Training Set", format: "hdf5",
      counts: ["train": 9, "test": 3]),
    SharedSet(folder: "cifar10-jpeg", format: "folders", counts: ["train": 10_000, "test": 2000]),
    SharedSet(
      folder: "omniglot-small", format: "folders",
      counts: ["images_background_small1": 136 * 20, "images_background_small2": 156 * 20]),
    SharedSet(folder: "coco-mini", format: "coco", counts: ["train2017": 80, "val2017": 79]),
    SharedSet(folder: "ade20k-sample", format: "ade20k", counts: ["all": 3]),
  ]

  @Test(
    .enabled(if: sharedData("coco-mini") != nil, "no ../shared/data"), arguments: Self.sets)
  func `passes the check with the counts of its README`(set: SharedSet) throws {
    let files = try LocalFiles(#require(sharedData(set.folder)))
    let format = try recognisedFormat(of: files)
    #expect(format.format == set.format)
    let check = try DataCheck(format: format, files: files)
    #expect(Set(try check.splits()).isSuperset(of: set.counts.keys))
    for (split, count) in set.counts.sorted(by: { $0.key < $1.key }) {
      let (report, sheet) = check.run(split: split)
      #expect(report.problems == [] && report.sampleCount == count, "\(split)")
      #expect(report.summary.samples == count && sheet != nil, "\(split)")
      let summary = report.summary
      switch set.format {
      case "camvid", "ade20k": #expect(summary.classes.count == (set.format == "camvid" ? 11 : 150))
      case "constraint":
        #expect(summary.labels.map(\.name) == (split == "unlabelled" ? [] : ["real", "fake"]))
      case "folders" where set.folder == "cifar10-jpeg":
        #expect(summary.labels.map(\.samples) == Array(repeating: count / 10, count: 10))
      case "folders": #expect(summary.labels.allSatisfy { $0.samples == 20 })
      case "hdf5":
        #expect(summary.classes.map(\.index) == [0, 1])
        #expect(summary.depth.map { (148...244).contains($0.min) } == true)
        #expect(summary.width?.min == 88 && summary.width?.max == 88)
      default:
        #expect(summary.classes.count == 80 && summary.objects > 100 && summary.captions > 300)
      }
    }
  }
}
