import Data
import Tensors
import Testing

@Suite struct ResamplingTests {
  private let picture = ByteTensor(
    (0..<6 * 8 * 3).map { UInt8(RandomKey(seed: 3).integer($0, below: 256)) }, shape: [6, 8, 3])

  private func pixel(_ picture: ByteTensor, _ y: Int, _ x: Int) -> [UInt8] {
    let first = (y * picture.shape[1] + x) * 3
    return Array(picture.elements[first..<first + 3])
  }

  @Test func `leaves a picture at its own size alone`() {
    let same = picture.resampled(
      .whole(of: picture.imageSize), to: picture.imageSize, filter: .bilinear)
    #expect(same.elements == picture.elements)
  }

  @Test(arguments: [ResamplingFilter.bilinear, .nearest])
  func `cuts windows of whole pixels exactly, and fills what is outside`(filter: ResamplingFilter) {
    let window = Window(top: -1, left: 5, height: 4, width: 5)
    let cut = picture.resampled(
      window, to: ImageSize(height: 4, width: 5), filter: filter, fill: 9)
    for y in 0..<4 {
      for x in 0..<5 {
        let inside = y >= 1 && x + 5 < 8
        #expect(pixel(cut, y, x) == (inside ? pixel(picture, y - 1, x + 5) : [9, 9, 9]))
      }
    }
  }

  @Test func `mirrors`() {
    let mirrored = picture.flippedHorizontally()
    for y in 0..<6 {
      for x in 0..<8 { #expect(pixel(mirrored, y, x) == pixel(picture, y, 7 - x)) }
    }
    #expect(mirrored.flippedHorizontally().elements == picture.elements)
    var window = Window.whole(of: picture.imageSize)
    window.flipped = true
    let smooth = picture.resampled(window, to: picture.imageSize, filter: .bilinear)
    #expect(smooth.elements == mirrored.elements)
  }

  @Test func `keeps constant pictures constant at any size`() {
    let flat = ByteTensor(repeating: 201, shape: [11, 17, 3])
    for (height, width) in [(3, 5), (11, 17), (40, 23), (1, 1)] {
      let resized = flat.resized(to: ImageSize(height: height, width: width))
      #expect(resized.elements.allSatisfy { $0 == 201 })
    }
  }

  @Test func `weighs as a triangle does`() {
    // Halving: output 1 is centred between pixels 2 and 3; weights 1, 3, 3, 1 of 8 on 1 … 4.
    let line = ByteTensor([0, 80, 0, 160, 240, 0, 0, 0], shape: [1, 8, 1])
    let half = line.resized(to: ImageSize(height: 1, width: 4))
    #expect(half.elements[1] == 100)  // (80 + 3·0 + 3·160 + 240) / 8
    // Doubling: between two pixels 1/4 and 3/4; at the border the border.
    let pair = ByteTensor([0, 100], shape: [1, 2, 1]).resized(to: ImageSize(height: 1, width: 4))
    #expect(pair.elements == [0, 25, 75, 100])
  }

  @Test func `keeps mask and picture aligned in every window`() {
    // The picture is the mask, painted: 16-pixel blocks of values 0 … 11, times 20.
    let mask = ByteTensor(shape: [48, 64]) { out in
      for index in 0..<out.count { out[index] = UInt8(index / 64 / 16 * 4 + index % 64 / 16) }
    }
    let painted = ByteTensor(
      mask.elements.flatMap { [$0 * 20, $0 * 20, $0 * 20] }, shape: [48, 64, 3])
    var augmentation = Augmentation.segmentation(
      size: ImageSize(height: 30, width: 44), jitter: nil)
    augmentation.fill = ignoredLabel
    for seed in 0..<40 {
      let (image, truth) = augmentation(painted, mask: mask, key: RandomKey(seed: UInt64(seed)))
      let values = image.elements
      var agree = 0
      for (index, label) in (truth?.elements ?? []).enumerated() {
        let expected = label == ignoredLabel ? 255 : Int(label) * 20
        if abs(Int(values[3 * index]) - expected) <= 3 { agree += 1 }
      }
      // Pixels on the edges of blocks mix; a shift by a pixel or a missed flip would cost half.
      #expect(Double(agree) > 0.72 * 30 * 44, "seed \(seed): \(agree)")
    }
  }

  @Test func `draws windows that fit`() {
    let size = ImageSize(height: 90, width: 160)
    for seed in 0..<200 {
      let key = RandomKey(seed: UInt64(seed))
      let window = Window.randomResized(of: size, scale: 0.2...0.9, key: key)
      #expect(window.top >= 0 && window.left >= 0)
      #expect(window.top + window.height <= 90.01 && window.left + window.width <= 160.01)
      let area = window.height * window.width / (90 * 160)
      #expect(area > 0.19 && area < 0.91)
      #expect(window.width / window.height > 0.74 && window.width / window.height < 1.34)
      let crop = Window.randomCrop(of: size, size: ImageSize(height: 100, width: 60), key: key)
      #expect(crop.top <= 0 && crop.top >= -10 && crop.left >= 0 && crop.left <= 100)
      let scaled = Window.randomScaled(of: size, shape: ImageSize(height: 30, width: 30), key: key)
      #expect(abs(scaled.height - scaled.width) < 1e-3 && scaled.height > 44 && scaled.height < 181)
    }
    let thin = Window.randomResized(of: ImageSize(height: 2, width: 500), key: RandomKey(seed: 1))
    #expect(thin.height <= 2.01 && thin.width / thin.height < 1.34)
  }

  @Test func `covers with the largest middle part`() {
    let window = Window.covering(
      ImageSize(height: 10, width: 10), in: ImageSize(height: 60, width: 100))
    #expect(window == Window(top: 0, left: 20, height: 60, width: 60))
  }
}
