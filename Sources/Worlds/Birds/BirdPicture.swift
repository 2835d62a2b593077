import Data
import Tensors

/// One photograph: a bird of some kind as chance has it sit, on some ground. Only additions,
/// multiplications, divisions and square roots: pixels are the same on every processor.
struct BirdPicture {
  let kind: BirdKind
  /// From 1, within the class.
  let image: Int
  /// Of the whole picture.
  let size: ImageSize
  private let key: RandomKey
  private let parts: [BirdPart]
  /// The bird's middle in pixels, pixels to its unit of length, and its direction.
  private let center: SIMD2<Float>
  private let scale: Float
  private let direction: SIMD2<Float>
  private let isMirrored: Bool

  init(kind: BirdKind, image: Int, seed: Int) {
    self.kind = kind
    self.image = image
    key = RandomKey(seed: UInt64(seed)).derived("birds").derived(kind.number).derived(image)
    let pose = key.derived("pose")
    size = ImageSize(
      height: 96 + pose.integer(0, below: 25), width: 96 + pose.integer(1, below: 25))
    let side = Float(min(size.height, size.width))
    scale = side * pose.uniform(2, in: 0.36...0.46)
    // The bird is about 1.9 units long; it stays within the picture but for the odd tail.
    let slack = SIMD2(Float(size.width), Float(size.height)) - SIMD2(1.8, 1.1) * scale
    let place = SIMD2(pose.uniform(3), pose.uniform(4)) - 0.5
    center = 0.5 * SIMD2(Float(size.width), Float(size.height)) + place * slack
    let sine = pose.uniform(5, in: -0.3...0.3)
    direction = SIMD2((1 - sine * sine).squareRoot(), sine)
    isMirrored = pose.uniform(6) < 0.5
    parts = BirdPart.all(of: kind, key: key.derived("parts"))
  }

  private var digits: String {
    let text = String(image)
    return String(repeating: "0", count: max(0, 4 - text.count)) + text
  }

  /// Its name in the data set.
  var file: String { "images/\(kind.name)/\(kind.name.dropFirst(4))_\(digits).jpg" }

  func jpegBytes() -> [UInt8] { render().jpegBytes(quality: 92) }

  /// Shapes: → [h, w, 3].
  func render() -> ByteTensor {
    let side = max(size.height, size.width)
    let ground = BirdGround(side: side, key: key.derived("ground"))
    let grain = key.derived("grain")
    let leaf = leaf
    return ByteTensor(shape: [size.height, size.width, 3]) { out in
      for y in 0..<size.height {
        for x in 0..<size.width {
          let point = local(Float(x) + 0.5, Float(y) + 0.5)
          var color = ground.color(x, y)
          for part in parts { color = part.painted(over: color, at: point, scale: scale) }
          if let leaf { color = leaf.painted(over: color, at: point, scale: scale) }
          let noise = (grain.uniform(y * size.width + x) - 0.5) * 14
          for channel in 0..<3 {
            let value = max(0, min(255, color[channel] + noise))
            out[3 * (y * size.width + x) + channel] = UInt8(value + 0.5)
          }
        }
      }
    }
  }

  /// The bird's pixels' box, whole and inside the picture.
  var box: Box {
    let region = region
    return Box(
      Float(region.columns.lowerBound), Float(region.rows.lowerBound),
      Float(region.columns.upperBound), Float(region.rows.upperBound))
  }

  var region: PixelRegion {
    var (top, left, bottom, right) = (size.height - 1, size.width - 1, 1, 1)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let point = local(Float(x) + 0.5, Float(y) + 0.5)
        guard parts.contains(where: { $0.depth(point) > 0 }) else { continue }
        (top, left) = (min(top, y), min(left, x))
        (bottom, right) = (max(bottom, y + 1), max(right, x + 1))
      }
    }
    return PixelRegion(rows: top..<bottom, columns: left..<right)
  }

  /// A place of the picture in the bird's own frame: x ahead, y down, its body's middle at 0.
  private func local(_ x: Float, _ y: Float) -> SIMD2<Float> {
    let offset = (SIMD2(x, y) - center) / scale
    let turned = SIMD2(
      direction.x * offset.x + direction.y * offset.y,
      direction.x * offset.y - direction.y * offset.x)
    return isMirrored ? SIMD2(-turned.x, turned.y) : turned
  }

  /// What hides a part of every third bird.
  private var leaf: BirdPart? {
    let draws = key.derived("leaf")
    guard draws.uniform(0) < 0.33 else { return nil }
    let middle = SIMD2(draws.uniform(1, in: -0.9...0.8), draws.uniform(2, in: -0.5...0.4))
    return BirdPart(
      .ellipse(
        middle, SIMD2(draws.uniform(3, in: 0.14...0.26), draws.uniform(4, in: 0.05...0.1)),
        unitVector(draws.derived("direction"))),
      SIMD3(
        draws.uniform(5, in: 40...110), draws.uniform(6, in: 90...150),
        draws.uniform(7, in: 20...70)))
  }
}

/// What is behind the bird.
struct BirdGround {
  private let base: SIMD3<Float>
  private let other: SIMD3<Float>
  private let coarse: ValueNoise
  private let fine: ValueNoise
  private let roughness: Float

  init(side: Int, key: RandomKey) {
    func paint(_ draw: Int) -> SIMD3<Float> {
      SIMD3(
        key.uniform(draw, in: 40...215), key.uniform(draw + 1, in: 40...215),
        key.uniform(draw + 2, in: 40...215))
    }
    (base, other) = (paint(0), paint(3))
    coarse = ValueNoise(cells: 3, side: side, key: key.derived("coarse"))
    fine = ValueNoise(cells: 14, side: side, key: key.derived("fine"))
    roughness = key.uniform(6, in: 10...70)
  }

  func color(_ x: Int, _ y: Int) -> SIMD3<Float> {
    base + coarse.value(x, y) * (other - base) + roughness * (fine.value(x, y) - 0.5)
  }
}
