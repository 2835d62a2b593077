import Data
import Foundation
import TestSupport
import Tensors
import Testing

/// Against what Pillow and torchvision make of the same picture: Tests/Golden/Augmentation/make.py.
@Suite struct AugmentationGoldenTests {
  private static let picture = golden("picture")
  private static let mask = golden("mask", as: .indices)
  private static let window = Window(top: 5.7, left: 10.3, height: 39.5, width: 50.6)
  private static let affine = Affine(
    about: picture.imageSize, degrees: 30, shift: SIMD2(7, -4), scale: 1.1, shear: SIMD2(10, -5))

  private static func golden(_ name: String, as content: ImageContent = .rgb) -> ByteTensor {
    guard let image = try? Image.decoded(file: "\(goldenFolder)/\(name).png", as: content) else {
      return ByteTensor(repeating: 0, shape: [1, 1, 3])
    }
    return content == .rgb ? image.pixels : image.pixels.reshaped([image.height, image.width])
  }

  /// The largest difference of any value; 256 for another size.
  private func difference(_ a: ByteTensor, _ b: ByteTensor) -> Int {
    guard a.shape == b.shape else { return 256 }
    return zip(a.elements, b.elements).map { abs(Int($0) - Int($1)) }.max() ?? 0
  }

  @Test(arguments: ["down", "up", "box"], [ResamplingFilter.bilinear, .bicubic])
  func `resamples as Pillow to one step of 255`(kind: String, filter: ResamplingFilter) {
    let expected = Self.golden("\(filter)-\(kind)")
    let window = kind == "box" ? Self.window : .whole(of: Self.picture.imageSize)
    let result = Self.picture.resampled(window, to: expected.imageSize, filter: filter)
    #expect(difference(result, expected) <= 1)
  }

  @Test func `takes the mask's pixels that Pillow takes`() {
    let size = ImageSize(height: 28, width: 32)
    let result = Self.mask.resampled(Self.window, to: size, filter: .nearest)
    #expect(result.elements == Self.golden("nearest-box", as: .indices).elements)
  }

  @Test(arguments: [Float(0.6), 1.4])
  func `changes brightness, contrast and saturation as Pillow, to the byte`(factor: Float) {
    let picture = Self.picture
    #expect(picture.brightened(by: factor).elements == Self.golden("brightness-\(factor)").elements)
    #expect(picture.contrasted(by: factor).elements == Self.golden("contrast-\(factor)").elements)
    #expect(picture.saturated(by: factor).elements == Self.golden("saturation-\(factor)").elements)
  }

  @Test func `grays, solarises and mirrors as Pillow, to the byte`() {
    let picture = Self.picture
    #expect(picture.grayscaled().elements == Self.golden("gray").elements)
    #expect(picture.solarized().elements == Self.golden("solarized").elements)
    #expect(picture.flippedHorizontally().elements == Self.golden("flipped").elements)
    var window = Window.whole(of: picture.imageSize)
    window.flippedVertically = true
    let turned = picture.resampled(window, to: picture.imageSize, filter: .bilinear)
    #expect(turned.elements == Self.golden("flipped-vertically").elements)
  }

  @Test(arguments: [Float(0.2), -0.35])
  func `turns hues as torchvision's tensors to one step`(turn: Float) {
    #expect(difference(Self.picture.hueTurned(by: turn), Self.golden("hue-\(turn)")) <= 1)
  }

  @Test(arguments: [Float(0.7), 2.0])
  func `blurs as torchvision to one step`(sigma: Float) {
    let blurred = Self.picture.gaussianBlurred(sigma: sigma)
    #expect(difference(blurred, Self.golden("blur-\(sigma)")) <= 1)
  }

  @Test func `maps pictures and masks as torchvision's affine`() {
    let size = Self.picture.imageSize
    let transform = SpatialTransform(
      of: size, to: size, window: .whole(of: size), affine: Self.affine)
    let picture = transform.applied(to: Self.picture, filter: .bilinear, fill: 124)
    #expect(difference(picture, Self.golden("affine")) <= 1)
    // Pillow finds nearest pixels in fixed point: on the border between two it may take the other.
    let mask = zip(
      transform.mask(Self.mask).elements, Self.golden("affine-mask", as: .indices).elements)
    #expect(mask.count { $0 != $1 } <= 4)
  }

  private struct Places: Decodable {
    struct Moved: Decodable {
      let boxes: [[Float]]
      let points: [[Float]]
    }
    let boxes: [[Float]]
    let points: [[Float]]
    let affine: Moved
    let crop: Moved
    let flip: Moved
  }

  @Test func `moves boxes and points as torchvision`() throws {
    let file = URL(filePath: "\(goldenFolder)/places.json")
    let places = try JSONDecoder().decode(Places.self, from: Foundation.Data(contentsOf: file))
    let size = Self.picture.imageSize
    var flipped = Window.whole(of: size)
    flipped.flipped = true
    // torchvision mirrors points between the middles of pixels, boxes between their corners; ours
    // mirrors both as boxes, so its points are one to the right.
    let cases = [
      (
        places.affine, Float(0),
        SpatialTransform(of: size, to: size, window: .whole(of: size), affine: Self.affine)
      ),
      (
        places.crop, 0,
        SpatialTransform(
          of: size, to: ImageSize(height: 28, width: 32),
          window: Window(top: 6, left: 10, height: 40, width: 50))
      ),
      (places.flip, 1, SpatialTransform(of: size, to: size, window: flipped)),
    ]
    for (expected, shift, transform) in cases {
      for (box, moved) in zip(places.boxes, expected.boxes) {
        let result = transform.box(Box(box[0], box[1], box[2], box[3])).box
        for (value, wanted) in zip([result.x0, result.y0, result.x1, result.y1], moved) {
          #expect(abs(value - wanted) < 1e-3, "\(box) became \(result), expected \(moved)")
        }
      }
      for (point, moved) in zip(places.points, expected.points) {
        let result = transform.point(SIMD2(point[0], point[1]))
        #expect(abs(result.x - shift - moved[0]) < 1e-3 && abs(result.y - moved[1]) < 1e-3)
      }
    }
  }
}

/// Where make.py writes.
let goldenFolder = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "Golden/Augmentation").path
