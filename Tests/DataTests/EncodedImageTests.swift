import Data
import Tensors
import Testing

@Suite struct EncodedImageTests {
  static let kinds = [
    "444", "422", "420", "440", "411", "progressive", "gray", "cmyk", "restarts",
  ]

  private func image(_ kind: String) throws -> EncodedImage {
    try EncodedImage(Files.bytes(of: "\(goldenFolder)/\(kind).jpg"), file: kind)
  }

  /// A larger one, so that whole blocks are left out on every side.
  private func large() throws -> EncodedImage {
    let pixels = ByteTensor(shape: [211, 333, 3]) { out in
      for index in out.indices {
        let (y, x, c) = (index / 999, index / 3 % 333, index % 3)
        out[index] = UInt8((x * (c + 1) + y * 2 + (x / 11 + y / 7) % 2 * 60) % 256)
      }
    }
    return try EncodedImage(pixels.jpegBytes(quality: 80), file: "large.jpg")
  }

  private func transform(
    of source: ImageSize, seed: UInt64, scale: ClosedRange<Float>, turned: Bool
  ) -> SpatialTransform {
    var augmentation = Augmentation(
      size: ImageSize(height: 19, width: 23),
      framing: seed % 3 == 0
        ? .scaledCrop(scale: 0.4...3) : .resizedCrop(scale: scale, ratio: 0.5...2))
    augmentation.flip = 0.5
    augmentation.verticalFlip = 0.5
    if turned { augmentation.affine = RandomAffine(degrees: -180...180, scale: 0.7...1.4) }
    return augmentation.transform(of: source, key: RandomKey(seed: seed))
  }

  @Test(arguments: kinds)
  func `a decoded part has the pixels of the whole, whatever the kind of JPEG`(kind: String) throws
  {
    let image = try image(kind)
    let whole = try image.decoded().pixels
    for seed in 0..<60 {
      let transform = transform(
        of: image.size, seed: UInt64(seed), scale: 0.01...0.6, turned: seed % 2 == 1)
      let filter: ResamplingFilter = seed % 5 == 0 ? .bicubic : .bilinear
      let part = try image.view(transform, filter: filter, fill: 7)
      let expected = transform.applied(to: whole, filter: filter, fill: 7)
      #expect(part.elements == expected.elements, "seed \(seed)")
    }
  }

  @Test func `a part of a large picture has the pixels of the whole`() throws {
    let image = try large()
    let whole = try image.decoded().pixels
    for seed in 0..<80 {
      let transform = transform(
        of: image.size, seed: UInt64(seed), scale: 0.002...0.3, turned: seed % 4 == 1)
      let part = try image.view(transform, fill: 7)
      #expect(part.elements == transform.applied(to: whole, filter: .bilinear, fill: 7).elements)
    }
  }

  @Test(arguments: 1...8)
  func `a part decoded smaller has the pixels of the whole decoded smaller`(eighths: Int) throws {
    let pictures = try Self.kinds.map { try image($0) } + [large()]
    for picture in pictures {
      let size = ImageSize(
        height: (picture.size.height * eighths + 7) / 8,
        width: (picture.size.width * eighths + 7) / 8)
      let whole = try picture.decoded(.whole(of: size), eighths: eighths)
      #expect(whole.imageSize == size)
      for seed in 0..<40 {
        let key = RandomKey(seed: UInt64(seed))
        func part(_ full: Int, _ draw: Int) -> Range<Int> {
          let (a, b) = (key.integer(draw, below: full), key.integer(draw + 1, below: full))
          return min(a, b)..<max(a, b) + 1
        }
        let region = PixelRegion(rows: part(size.height, 0), columns: part(size.width, 2))
        let decoded = try picture.decoded(region, eighths: eighths)
        let expected = whole.resampled(
          Window(
            top: Float(region.rows.lowerBound), left: Float(region.columns.lowerBound),
            height: Float(region.rows.count), width: Float(region.columns.count)),
          to: decoded.imageSize, filter: .nearest)
        #expect(
          decoded.elements == expected.elements, "\(picture.file), \(eighths)/8, \(region)")
      }
    }
  }

  @Test func `scaled decoding shows the same picture and depends on its key alone`() throws {
    let image = SampleImage(try large())
    var augmentation = Augmentation(
      size: ImageSize(height: 24, width: 24),
      framing: .resizedCrop(scale: 0.1...1, ratio: 0.75...1.5))
    var differs = false
    for seed in 0..<20 {
      let key = RandomKey(seed: UInt64(seed))
      augmentation.decodesScaled = false
      let exact = try augmentation(image, key: key).image.elements
      augmentation.decodesScaled = true
      let scaled = try augmentation(image, key: key).image.elements
      #expect(try augmentation(image, key: key).image.elements == scaled)
      differs = differs || exact != scaled
      let off = zip(exact, scaled).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      #expect(off < 24 * 24 * 3 * 16, "seed \(seed): \(off)")
    }
    #expect(differs)
  }

  @Test func `chooses the smallest size with enough pixels`() {
    func eighths(_ side: Float) -> Int {
      SpatialTransform(
        of: ImageSize(height: 800, width: 800), to: ImageSize(height: 100, width: 100),
        window: Window(top: 0, left: 0, height: side, width: 2 * side)
      ).sufficientEighths
    }
    #expect(eighths(800) == 1 && eighths(799) == 2 && eighths(400) == 2 && eighths(399) == 4)
    #expect(eighths(200) == 4 && eighths(199) == 8 && eighths(20) == 8)
  }

  @Test func `PNGs and views of nothing work, too`() throws {
    let pixels = ByteTensor(shape: [30, 20, 3]) { out in
      for index in out.indices { out[index] = UInt8(index % 251) }
    }
    let image = try EncodedImage(pixels.pngBytes(), file: "a.png")
    let size = ImageSize(height: 8, width: 9)
    let window = Window(top: 3, left: 4, height: 20, width: 10)
    let transform = SpatialTransform(of: image.size, to: size, window: window)
    #expect(
      try image.view(transform, scaled: true).elements
        == pixels.resampled(window, to: size, filter: .bilinear).elements)
    let beyond = SpatialTransform(
      of: ImageSize(height: 52, width: 72), to: size,
      window: Window(top: 900, left: 900, height: 5, width: 5))
    let nothing = try self.image("420").view(beyond, fill: 9)
    #expect(nothing.elements.allSatisfy { $0 == 9 } && nothing.shape == [8, 9, 3])
  }

  @Test func `damage is an error or seen by nobody, never a crash`() throws {
    for kind in Self.kinds {
      let bytes = try image(kind).bytes
      for seed in 0..<150 {
        let key = RandomKey(seed: UInt64(seed)).derived(kind)
        var damaged = bytes
        for flip in 0..<1 + seed % 4 {
          damaged[key.integer(2 * flip, below: bytes.count)] = UInt8(
            key.integer(2 * flip + 1, below: 256))
        }
        if seed % 5 == 0 { damaged.removeLast(key.integer(90, below: bytes.count - 1)) }
        do {
          let image = try EncodedImage(damaged, file: kind)
          guard PixelRegion.whole(of: image.size).area < 1 << 20 else { continue }
          let transform = transform(
            of: image.size, seed: UInt64(seed), scale: 0.01...1, turned: false)
          _ = try image.view(transform, scaled: seed % 2 == 0)
        } catch let error as DataError {
          #expect(error.file == kind)
        }
      }
    }
    #expect(throws: DataError.self) { try EncodedImage([], file: "empty") }
    #expect(throws: DataError.self) { try EncodedImage(Array("GIF89a".utf8), file: "x.gif") }
  }
}
