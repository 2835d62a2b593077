import Data
import Tensors
import Testing

@Suite struct SpatialTransformTests {
  private let size = ImageSize(height: 40, width: 56)

  private func augmentation(_ framing: Augmentation.Framing) -> Augmentation {
    var augmentation = Augmentation(size: ImageSize(height: 48, width: 44), framing: framing)
    augmentation.flip = 0.5
    augmentation.verticalFlip = 0.5
    augmentation.affine = RandomAffine(
      degrees: -60...60, shift: SIMD2(0.2, 0.1), scale: 0.8...1.5, shearX: -20...20)
    return augmentation
  }

  @Test(arguments: [
    Augmentation.Framing.whole, .center, .crop, .scaledCrop(scale: 0.5...2),
    .resizedCrop(scale: 0.3...1, ratio: 0.7...1.4),
  ])
  func `picture, mask, boxes and points move together`(framing: Augmentation.Framing) {
    // One bright rectangle, labelled 1: whatever is shown of it is where box and points say.
    let (rows, columns) = (12..<27, 18..<40)
    let mask = ByteTensor(shape: [40, 56]) { out in
      for index in out.indices {
        out[index] = rows.contains(index / 56) && columns.contains(index % 56) ? 1 : 0
      }
    }
    let picture = ByteTensor(mask.elements.flatMap { [$0 * 200, 0, 0] }, shape: [40, 56, 3])
    let object = Box(18, 12, 40, 27)
    for seed in 0..<30 {
      let key = RandomKey(seed: UInt64(seed))
      let augmentation = augmentation(framing)
      let transform = augmentation.transform(of: size, key: key)
      let (image, truth) = augmentation(picture, mask: mask, key: key)
      let (red, labels) = (image.elements, truth?.elements ?? [])
      let box = transform.box(object).box
      for y in 0..<48 {
        for x in 0..<44 {
          let place = SIMD2(Float(x) + 0.5, Float(y) + 0.5)
          let source = transform.sourcePoint(place)
          let back = transform.point(source)
          #expect(abs(back.x - place.x) < 0.01 && abs(back.y - place.y) < 0.01)
          let label = labels[y * 44 + x]
          let inside = source.x >= 0 && source.y >= 0 && source.x < 56 && source.y < 40
          let edge =
            [abs(source.x - 18), abs(source.x - 40), abs(source.y - 12), abs(source.y - 27)]
            .min() ?? 0
          let margin = [source.x, source.y, 56 - source.x, 40 - source.y].map(abs).min() ?? 0
          guard edge > 0.01 && margin > 0.01 else { continue }
          let isObject = Box(18, 12, 40, 27).contains(source)
          #expect(label == (!inside ? ignoredLabel : isObject ? 1 : 0), "seed \(seed) \(place)")
          if label == 1 { #expect(box.contains(place), "seed \(seed): \(place) beside \(box)") }
          // Away from edges by more than the filters reach, the picture is the mask painted.
          guard edge > 4, inside, margin > 4 else { continue }
          #expect(abs(Int(red[3 * (y * 44 + x)]) - (isObject ? 200 : 0)) <= 1)
        }
      }
    }
  }

  @Test func `says how much of a box is left`() {
    let transform = SpatialTransform(
      of: size, to: ImageSize(height: 20, width: 20),
      window: Window(top: 10, left: 10, height: 10, width: 10))
    #expect(transform.box(Box(10, 10, 20, 20)) == (Box(0, 0, 20, 20), 1))
    #expect(transform.box(Box(5, 10, 15, 20)) == (Box(0, 0, 10, 20), 0.5))
    #expect(transform.box(Box(12, 12, 14, 18)) == (Box(4, 4, 8, 16), 1))
    #expect(transform.box(Box(30, 30, 40, 35)).kept == 0)
    #expect(transform.box(Box(30, 30, 40, 35)).box.area == 0)
    #expect(transform.box(Box(12, 12, 12, 18)).kept == 0)
    #expect(transform.point(SIMD2(12, 15)) == SIMD2(4, 10))
  }

  @Test func `quarter turns and mirrors are exact`() {
    let square = ByteTensor(
      (0..<7 * 7 * 3).map { UInt8(RandomKey(seed: 5).integer($0, below: 256)) }, shape: [7, 7, 3])
    let size = square.imageSize
    for (degrees, place) in [
      (90.0, { (y: Int, x: Int) in (6 - x, y) }), (180, { (6 - $0, 6 - $1) }),
      (-90, { ($1, 6 - $0) }), (360, { ($0, $1) }),
    ] {
      let turn = SpatialTransform(
        of: size, to: size, window: .whole(of: size), affine: Affine(about: size, degrees: degrees))
      for filter in [ResamplingFilter.bilinear, .nearest] {
        let turned = turn.applied(to: square, filter: filter, fill: 1).elements
        for y in 0..<7 {
          for x in 0..<7 {
            let (fromY, fromX) = place(y, x)
            let source = (fromY * 7 + fromX) * 3
            #expect(
              Array(turned[(y * 7 + x) * 3..<(y * 7 + x) * 3 + 3])
                == Array(square.elements[source..<source + 3]), "\(degrees) \(filter)")
          }
        }
      }
    }
  }

  @Test func `maps have inverses and compose`() {
    let first = Affine(about: size, degrees: 33, shift: SIMD2(3, -2), scale: 0.7)
    let second = Affine(about: size, degrees: -71, scale: 1.9, shear: SIMD2(12, 30))
    for point in [SIMD2(0.0, 0), SIMD2(10, 3), SIMD2(-4, 55)] {
      let both = second.after(first)(point)
      #expect((both - second(first(point))).max() < 1e-9)
      let back = first.inverse(first(point)) - point
      #expect(abs(back.x) < 1e-9 && abs(back.y) < 1e-9)
    }
  }

  @Test func `extreme sizes work`() {
    let pixel = ByteTensor([9, 8, 7], shape: [1, 1, 3])
    let turned = Affine(about: ImageSize(height: 5, width: 9), degrees: 45)
    for affine in [Affine.identity, turned] {
      let grown = SpatialTransform(
        of: pixel.imageSize, to: ImageSize(height: 5, width: 9),
        window: .whole(of: pixel.imageSize), affine: affine
      ).applied(to: pixel, filter: .bilinear, fill: 0)
      #expect(grown.shape == [5, 9, 3] && grown.elements[(2 * 9 + 4) * 3] == 9)
      let wide = ByteTensor(repeating: 77, shape: [1, 3000, 3])
      let shrunk = SpatialTransform(
        of: wide.imageSize, to: ImageSize(height: 5, width: 9), window: .whole(of: wide.imageSize),
        affine: affine
      ).applied(to: wide, filter: .bicubic, fill: 77)
      #expect(shrunk.elements.allSatisfy { $0 == 77 })
      let outside = SpatialTransform(
        of: pixel.imageSize, to: ImageSize(height: 5, width: 9),
        window: Window(top: 50, left: 50, height: 2, width: 2), affine: affine
      ).applied(to: pixel, filter: .bilinear, fill: 3)
      #expect(outside.elements.allSatisfy { $0 == 3 })
    }
  }

  @Test func `a turn shows what lies beyond the window`() {
    let bright = ByteTensor(repeating: 250, shape: [40, 56, 3])
    let view = SpatialTransform(
      of: size, to: ImageSize(height: 10, width: 10),
      window: Window(top: 15, left: 23, height: 10, width: 10),
      affine: Affine(about: ImageSize(height: 10, width: 10), degrees: 45))
    let turned = view.applied(to: bright, filter: .bilinear, fill: 0)
    #expect(turned.elements.allSatisfy { $0 == 250 })
  }
}
