import Tensors

/// Blots out a random rectangle of a picture.
///
/// As it stands, random erasing (Zhong et al. 2020) with torchvision's defaults; see `cutout`.
public struct Erasing: Hashable, Sendable {
  /// Probability that anything is erased.
  public var chance: Float
  /// The rectangle's area, as a fraction of the picture's.
  public var area: ClosedRange<Float>
  /// Its width over its height, log-uniform.
  public var ratio: ClosedRange<Float>
  /// Whether its middle may be anywhere and a part of it outside the picture.
  public var reachesOutside: Bool
  /// What a mask says there; nil leaves it.
  public var label: UInt8?

  public init(
    chance: Float = 0.5, area: ClosedRange<Float> = 0.02...0.33,
    ratio: ClosedRange<Float> = 0.3...3.3, reachesOutside: Bool = false, label: UInt8? = nil
  ) {
    precondition(
      area.lowerBound >= 0 && ratio.lowerBound > 0,
      "Erasing: area \(area) at least 0, ratio \(ratio) above 0")
    self.chance = chance
    self.area = area
    self.ratio = ratio
    self.reachesOutside = reachesOutside
    self.label = label
  }

  /// Cutout (DeVries and Taylor 2017): always, a square that takes this fraction of the area, or
  /// less where it lies partly outside.
  public static func cutout(area: Float) -> Erasing {
    Erasing(chance: 1, area: area...area, ratio: 1...1, reachesOutside: true)
  }

  /// What this key erases; nil for nothing, which is also so when no rectangle drawn fits.
  public func region(of size: ImageSize, key: RandomKey) -> PixelRegion? {
    guard key.uniform(0) < chance else { return nil }
    let logs = (
      ExactMath.log(Double(ratio.lowerBound)), ExactMath.log(Double(ratio.upperBound))
    )
    for attempt in 0..<10 {
      let draw = key.derived(attempt)
      let pixels = Float(size.height * size.width) * draw.uniform(0, in: area)
      let aspect = Float(ExactMath.exp(logs.0 + (logs.1 - logs.0) * Double(draw.uniform(1))))
      let height = Int((pixels / aspect).squareRoot().rounded())
      let width = Int((pixels * aspect).squareRoot().rounded())
      guard reachesOutside || (height <= size.height && width <= size.width) else { continue }
      let rows = Self.part(height, of: size.height, draw, 2, reachesOutside)
      let columns = Self.part(width, of: size.width, draw, 3, reachesOutside)
      return rows.isEmpty || columns.isEmpty ? nil : PixelRegion(rows: rows, columns: columns)
    }
    return nil
  }

  private static func part(
    _ length: Int, of full: Int, _ key: RandomKey, _ draw: Int, _ reachesOutside: Bool
  ) -> Range<Int> {
    guard reachesOutside else {
      let start = key.integer(draw, below: full - length + 1)
      return start..<start + length
    }
    let start = key.integer(draw, below: full) - length / 2
    return max(0, start)..<max(0, min(full, start + length))
  }
}

extension ByteTensor {
  /// The same with `region` of one value. Shapes: [h, w, c] or [h, w] → the same.
  func filled(_ region: PixelRegion, with value: UInt8) -> ByteTensor {
    let channels = channelCount
    return ByteTensor(shape: shape) { out in
      withUnsafeElements { _ = out.update(fromContentsOf: $0) }
      for row in region.rows {
        let start = (row * shape[1] + region.columns.lowerBound) * channels
        out[start..<start + region.columns.count * channels].update(repeating: value)
      }
    }
  }
}
