import Data
import Tensors
import Testing

@Suite struct MixingTests {
  private let size = ImageSize(height: 30, width: 40)
  private let picture = ByteTensor(repeating: 10, shape: [30, 40, 3])

  @Test func `erases a rectangle inside the picture, at its rate`() {
    let erasing = Erasing(chance: 0.25, area: 0.1...0.3, ratio: 0.5...2)
    var count = 0
    for seed in 0..<1000 {
      let key = RandomKey(seed: UInt64(seed))
      guard let region = erasing.region(of: size, key: key) else { continue }
      count += 1
      #expect(region.rows.lowerBound >= 0 && region.rows.upperBound <= 30)
      #expect(region.columns.lowerBound >= 0 && region.columns.upperBound <= 40)
      #expect((0.08...0.33).contains(Double(region.area) / 1200))
      #expect(erasing.region(of: size, key: key) == region)
    }
    #expect(abs(count - 250) < 60)
  }

  @Test func `cutout reaches outside`() {
    let cutout = Erasing.cutout(area: 0.12)
    let regions = (0..<300).compactMap {
      cutout.region(of: size, key: RandomKey(seed: UInt64($0)))
    }
    #expect(regions.count == 300)
    #expect(regions.allSatisfy { $0.rows.count <= 12 && $0.columns.count <= 12 })
    let cut = regions.count { $0.area < 144 }
    #expect(cut > 100 && cut < 250)
  }

  @Test func `erasing changes its rectangle only, of pictures and masks`() throws {
    var augmentation = Augmentation(size: size)
    augmentation.erasing = Erasing(chance: 1, area: 0.2...0.2, label: ignoredLabel)
    let mask = ByteTensor(repeating: 4, shape: [30, 40])
    let key = RandomKey(seed: 3)
    let region = try #require(augmentation.erasing?.region(of: size, key: key.derived("erasing")))
    let result = augmentation(picture, mask: mask, key: key)
    let (pixels, labels) = (result.image.elements, result.mask?.elements ?? [])
    for y in 0..<30 {
      for x in 0..<40 {
        let erased = region.rows.contains(y) && region.columns.contains(x)
        #expect(pixels[3 * (40 * y + x) + 1] == (erased ? augmentation.fill : 10))
        #expect(labels[40 * y + x] == (erased ? ignoredLabel : 4))
      }
    }
  }

  @Test func `CutMix keeps the share it reports`() {
    let other = ByteTensor(repeating: 90, shape: [30, 40, 3])
    var shares: [Float] = []
    for seed in 0..<400 {
      let key = RandomKey(seed: UInt64(seed))
      let (mixed, kept) = CutMix()(picture, with: other, key: key)
      let own = mixed.elements.count { $0 == 10 }
      #expect(abs(Float(own) / 3600 - kept) < 1e-6)
      let region = CutMix().region(of: size, key: key)
      #expect(mixed.elements == CutMix.mixed(picture, other, in: region).elements)
      shares.append(kept)
    }
    // λ is uniform; what the border cuts off is kept, too.
    let mean = shares.reduce(0, +) / 400
    #expect(mean > 0.5 && mean < 0.75)
    #expect(shares.contains { $0 < 0.2 } && shares.contains { $0 > 0.95 })
  }

  @Test func `CutMix draws shares as its alpha says`() {
    func deviation(_ alpha: Float) -> Float {
      let shares = (0..<2000).map { seed in
        // Of a large picture, whose middle column's cut is not asked: the rectangle's proportions.
        let region = CutMix(alpha: alpha).region(
          of: ImageSize(height: 3, width: 100_000), key: RandomKey(seed: UInt64(seed)))
        return region.columns.isEmpty ? Float(1) : 0
      }
      return shares.reduce(0, +)
    }
    // Beta(0.2, 0.2) is nearly a coin: shares of 1, whose rectangle is empty, are common.
    #expect(deviation(0.05) > 300 && deviation(2) < 5)
  }

  @Test func `CutMix pairs each slot with another, all alike`() {
    #expect(CutMix.partners(count: 0, key: RandomKey(seed: 1)).isEmpty)
    #expect(CutMix.partners(count: 1, key: RandomKey(seed: 1)) == [0])
    for seed in 0..<50 {
      let partners = CutMix.partners(count: 7, key: RandomKey(seed: UInt64(seed)))
      #expect(partners.sorted() == Array(0..<7))
      #expect(partners.enumerated().allSatisfy { $0.offset != $0.element })
    }
    #expect(CutMix.softLabel(2, 0, kept: 0.75, classes: 3) == [0.25, 0, 0.75])
    #expect(CutMix.softLabel(1, 1, kept: 0.75, classes: 2) == [0, 1])
  }

  @Test func `scales are multiples, drawn by the key alone`() {
    let scales = MultiScale(
      ImageSize(height: 320, width: 480), factors: [0.5, 1, 1.5, 0.001], multipleOf: 32)
    #expect(scales.sizes.map(\.height) == [160, 320, 480, 32])
    #expect(scales.sizes.map(\.width) == [256, 480, 736, 32])
    let key = RandomKey(seed: 4).derived("scale")
    let drawn = (0..<100).map { scales.size(key: key.derived($0)) }
    #expect(drawn == (0..<100).map { scales.size(key: key.derived($0)) })
    #expect(Set(drawn).count == 4)
  }
}
