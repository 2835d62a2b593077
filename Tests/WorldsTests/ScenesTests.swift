import Data
import Tensors
import TestSupport
import Testing
import Worlds

@Suite struct ScenesTests {
  private func samples(_ split: String, _ count: Int, _ options: [String: OptionValue] = [:]) throws
    -> [Sample]
  {
    let source = try Scenes(options: options).source(split: split)
    return try (0..<count).map { try source.sample(at: $0) }
  }

  private func pixels(_ sample: Sample) -> [UInt8]? {
    sample.image.flatMap { try? $0.pixels().elements }
  }

  func isSame(_ a: Sample, _ b: Sample) -> Bool {
    pixels(a) == pixels(b) && a.id == b.id && a.mask?.elements == b.mask?.elements
      && a.label == b.label && a.captions == b.captions && a.text == b.text
      && a.features?.elements == b.features?.elements
      && a.volume?.values.elements == b.volume?.values.elements
      && a.volume?.labels?.elements == b.volume?.labels?.elements
  }

  @Test func `makes a scene from seed, split and index alone`() throws {
    let few = try Scenes(options: ["size": 10]).source(split: "train")
    let many = try Scenes(options: ["size": 100_000]).source(split: "train")
    for index in [9, 0, 4] {
      #expect(isSame(try few.sample(at: index), try many.sample(at: index)))
    }
    let other = try samples("train", 3, ["seed": 2])
    let val = try samples("val", 3)
    for (index, sample) in try samples("train", 3).enumerated() {
      #expect(pixels(sample) != pixels(other[index]))
      #expect(pixels(sample) != pixels(val[index]))
    }
  }

  @Test func `has the bits it had`() throws {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for sample in try samples("train", 40) {
      for byte in (pixels(sample) ?? []) + (sample.mask?.elements ?? []) {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
      }
    }
    #expect(hash == 5_992_016_606_065_864_769)
  }

  @Test func `never shows held-out pairs in training, and only them as main objects of heldout`()
    throws
  {
    let names = try Scenes().source(split: "heldout").labelNames
    let heldOut = Set(try samples("heldout", 200).compactMap { $0.label.map { names[$0] } })
    #expect(heldOut.count == 7)
    #expect(Set(heldOut.compactMap { $0.split(separator: " ").last }).count == 7)
    #expect(Set(heldOut.compactMap { $0.split(separator: " ").first }).count == 7)
    var seen = Set<String>()
    for sample in try samples("train", 1500) {
      seen.formUnion(sample.label.map { [names[$0]] } ?? [])
      for caption in sample.captions {
        #expect(!heldOut.contains { caption.contains($0) }, "\(sample.id): \(caption)")
      }
    }
    #expect(seen.count == 49)
    #expect(seen.isDisjoint(with: heldOut))
  }

  @Test func `has every class in many scenes, background in most pixels`() throws {
    var scenesWith = [Int](repeating: 0, count: 8)
    var background = 0
    for sample in try samples("train", 300) {
      let mask = sample.mask?.elements ?? []
      #expect(mask.allSatisfy { $0 < 8 })
      background += mask.count { $0 == 0 }
      for value in Set(mask) { scenesWith[Int(value)] += 1 }
    }
    #expect(scenesWith[0] == 300)
    #expect(scenesWith.dropFirst().allSatisfy { $0 > 60 && $0 < 200 })
    let share = Double(background) / Double(300 * 64 * 64)
    #expect(share > 0.65 && share < 0.92)
  }

  @Test func `describes what is there`() throws {
    let source = try Scenes().source(split: "train")
    for index in 0..<300 {
      let sample = try source.sample(at: index)
      let label = try #require(sample.label)
      #expect(sample.captions.count == 4)
      // The main object is named as its label in the last sentence, with its texture between.
      let words = source.labelNames[label].split(separator: " ")
      #expect(sample.captions[3].hasSuffix(source.labelNames[label]), "\(sample.captions)")
      let shape = try #require(source.classNames.firstIndex(of: String(words[1])))
      #expect(sample.mask?.elements.contains(UInt8(shape)) == true)
      for caption in sample.captions {
        #expect(!caption.contains(" a o") || caption.contains("an o"))
      }
    }
    let firsts = try samples("test", 400).map { $0.captions[0] }
    #expect(Set(firsts).count > 380)
    #expect(firsts.contains { $0.contains("left of") } && firsts.contains { $0.contains("above") })
  }

  @Test func `keeps its content at other sizes`() throws {
    let small = try samples("val", 20, ["imageSize": 32])
    let large = try samples("val", 20, ["imageSize": 128])
    for (a, b) in zip(small, large) {
      #expect(a.label == b.label)
      #expect(a.image?.size == ImageSize(height: 32, width: 32))
      #expect(b.image?.size == ImageSize(height: 128, width: 128))
      let shared = try #require(b.mask).resized(
        to: ImageSize(height: 32, width: 32), filter: .nearest)
      let agree = zip(shared.elements, a.mask?.elements ?? []).count { $0 == $1 }
      #expect(agree > 960)
    }
  }

  @Test func `writes itself as VOC folders that read back identically`() throws {
    try withTemporaryFolder { folder in
      let world = try Scenes(
        options: ["size": 12, "validation": 3, "test": 4, "heldout": 2, "imageSize": 48])
      try world.write(to: folder)
      for split in world.splits {
        let made = try world.source(split: split)
        let read = try openData(format: "voc", path: folder, split: split)
        #expect(read.count == made.count && read.splits.sorted() == world.splits.sorted())
        #expect(read.classNames == made.classNames && read.labelNames == made.labelNames)
        for index in 0..<made.count {
          #expect(isSame(try read.sample(at: index), try made.sample(at: index)))
        }
      }
    }
  }

  @Test func `offers prompts in the captions' grammar`() {
    #expect(
      Scenes.prompts(label: "orange ring") == [
        "a picture of an orange ring", "a scene with an orange ring", "a large orange ring",
      ])
  }
}
