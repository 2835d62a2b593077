import Data
import Foundation
import Tensors
import Testing

@Suite struct AugmentationTests {
  private let picture = ByteTensor(shape: [40, 60, 3]) { out in
    for index in 0..<out.count { out[index] = UInt8((index * 7 + index / 180 * 13) % 256) }
  }
  private var everything: Augmentation {
    var augmentation = Augmentation(
      size: ImageSize(height: 24, width: 24),
      framing: .resizedCrop(scale: 0.3...1, ratio: 0.75...1.5))
    augmentation.flip = 0.5
    augmentation.jitter = ColorJitter()
    augmentation.jitterChance = 0.8
    augmentation.grayscale = 0.2
    augmentation.blur = 0.5
    return augmentation
  }

  @Test func `depends on the key alone, not on the order of calls`() {
    let keys = (0..<24).map { RandomKey(seed: 9).derived("augment").derived($0) }
    for augmentation in [everything, more] {
      let forward = keys.map { augmentation(picture, key: $0).image.elements }
      let backward = keys.reversed().map { augmentation(picture, key: $0).image.elements }
      #expect(forward == backward.reversed())
      #expect(Set(forward).count == keys.count)
    }
  }

  /// All of that and turned, shrunk by another filter, erased and solarised.
  private var more: Augmentation {
    var augmentation = everything
    augmentation.filter = .bicubic
    augmentation.verticalFlip = 0.5
    augmentation.affine = RandomAffine(
      degrees: -90...90, shift: SIMD2(0.1, 0.2), scale: 0.7...1.4, shearX: -20...20)
    augmentation.solarize = 0.4
    augmentation.erasing = Erasing(label: ignoredLabel)
    return augmentation
  }

  @Test func `has the bits it had`() {
    // FNV-1a over augmented pictures and masks, from a run on x86-64: integer sums and single float
    // operations must give it on every machine and in every build.
    let mask = ByteTensor(shape: [40, 60]) { out in
      for index in out.indices { out[index] = UInt8(index / 60 / 8 + index % 60 / 12) }
    }
    func hash(_ augmentation: Augmentation) -> UInt64 {
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for seed in 0..<50 {
        let view = augmentation(picture, mask: mask, key: RandomKey(seed: UInt64(seed)))
        for byte in view.image.elements + (view.mask?.elements ?? []) {
          hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
      }
      return hash
    }
    #expect(hash(everything) == 3_682_714_146_994_685_076)
    #expect(hash(more) == 3_794_619_279_841_190_403)
  }

  @Test func `makes the same of a file's bytes as of its pixels`() throws {
    for bytes in [picture.jpegBytes(), picture.pngBytes()] {
      let encoded = try EncodedImage(bytes, file: "picture")
      let pixels = try encoded.decoded().pixels
      for seed in 0..<20 {
        let key = RandomKey(seed: UInt64(seed))
        for augmentation in [everything, more] {
          let view = try augmentation(SampleImage(encoded), key: key).image
          #expect(view.elements == augmentation(pixels, key: key).image.elements)
        }
      }
    }
  }

  @Test func `only resizes when told nothing else`() {
    let plain = Augmentation(size: ImageSize(height: 20, width: 30))
    let result = plain(picture, key: RandomKey(seed: 1)).image
    #expect(result.elements == picture.resized(to: ImageSize(height: 20, width: 30)).elements)
  }

  @Test func `applies chances at their rate`() {
    var augmentation = Augmentation(size: picture.imageSize)
    augmentation.flip = 0.25
    let flips = (0..<1000).count { seed in
      augmentation.window(of: picture.imageSize, key: RandomKey(seed: UInt64(seed))).flipped
    }
    #expect(abs(flips - 250) < 60)
  }

  @Test func `marks what is outside the picture as ignored`() {
    let augmentation = Augmentation(size: ImageSize(height: 80, width: 80), framing: .crop)
    let mask = ByteTensor(repeating: 3, shape: [40, 60])
    let truth = augmentation(picture, mask: mask, key: RandomKey(seed: 2)).mask?.elements ?? []
    #expect(truth.count { $0 == 3 } == 40 * 60)
    #expect(truth.count { $0 == ignoredLabel } == 80 * 80 - 40 * 60)
  }

  @Test func `computes exponential and logarithm like libm, to rounding`() {
    for value in stride(from: -20.0, through: 20, by: 0.37) {
      #expect(abs(ExactMath.exp(value) / exp(value) - 1) < 1e-13)
      #expect(abs(ExactMath.log(exp(value)) - value) < 1e-13 * max(1, abs(value)))
    }
  }
}
