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
        #expect(sample.image?.shape == [180, 240, 3] && sample.mask?.shape == [180, 240])
        classes.formUnion(sample.mask?.elements ?? [])
      }
    }
    #expect(classes == Set(0...10).union([ignoredLabel]))
  }

  @Test(.enabled(if: sharedData("cifar10-jpeg") != nil, "no ../shared/data/cifar10-jpeg"))
  func `reads CIFAR-10's folders`() throws {
    let path = try #require(sharedData("cifar10-jpeg"))
    let source = try openData(format: "folders", path: path, split: "test")
    #expect(source.count == 2000 && source.labelNames.count == 10)
    #expect(source.splits == ["test", "train"])
    for index in stride(from: 0, to: 2000, by: 61) {
      let sample = try source.sample(at: index)
      #expect(sample.image?.shape == [32, 32, 3] && sample.label == index / 200)
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
        let part = try augmentation(image, key: key).image
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
}
