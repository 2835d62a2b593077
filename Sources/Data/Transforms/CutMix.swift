import Tensors

/// Puts a rectangle of another picture of the batch into a picture (Yun et al. 2019).
///
/// Labels mix in the same shares; a mask gets the other's mask there. Partners are slots of one
/// batch, or of one replica's part of it, which a job's replicas fix whatever hosts them.
public struct CutMix: Hashable, Sendable {
  /// Of the Beta(α, α) distribution that the share kept is drawn from; 1 is uniform.
  public let alpha: Float

  /// Precondition: `alpha` is in 0.05 … 2.
  public init(alpha: Float = 1) {
    precondition((0.05...2).contains(alpha), "CutMix: alpha \(alpha) is not in 0.05 … 2")
    self.alpha = alpha
  }

  /// The slot that each of `count` slots gets a rectangle from: all of them shifted by the same
  /// number of places, drawn by `key`, so that none is its own partner; 0 for a lone one.
  public static func partners(count: Int, key: RandomKey) -> [Int] {
    guard count > 1 else { return Array(0..<count) }
    let shift = 1 + key.integer(0, below: count - 1)
    return (0..<count).map { ($0 + shift) % count }
  }

  /// The rectangle this key draws: of the picture's proportions about a middle anywhere, cut off at
  /// the border; perhaps empty.
  public func region(of size: ImageSize, key: RandomKey) -> PixelRegion {
    let side = (1 - keptShare(key)).squareRoot()
    func part(_ full: Int, _ draw: Int) -> Range<Int> {
      let middle = key.integer(draw, below: full)
      let half = Int(side * Float(full) / 2)
      return max(0, middle - half)..<min(full, middle + half)
    }
    return PixelRegion(rows: part(size.height, 0), columns: part(size.width, 1))
  }

  /// The picture with the other's rectangle in it, and the share of its area that is still its own.
  ///
  /// Masks are mixed by `mixed(_:_:in:)` with the same region.
  /// Precondition: both pictures have one shape.
  public func callAsFunction(
    _ image: ByteTensor, with other: ByteTensor, key: RandomKey
  ) -> (image: ByteTensor, kept: Float) {
    let region = region(of: image.imageSize, key: key)
    let kept = 1 - Float(region.area) / Float(max(1, PixelRegion.whole(of: image.imageSize).area))
    return (Self.mixed(image, other, in: region), kept)
  }

  /// `image` with the pixels of `other` in `region`. Shapes: [h, w, c] or [h, w] → the same.
  ///
  /// Precondition: both have one shape.
  public static func mixed(
    _ image: ByteTensor, _ other: ByteTensor, in region: PixelRegion
  ) -> ByteTensor {
    precondition(image.shape == other.shape, "CutMix: \(image.shape) with \(other.shape)")
    let channels = image.channelCount
    return ByteTensor(shape: image.shape) { out in
      image.withUnsafeElements { _ = out.update(fromContentsOf: $0) }
      other.withUnsafeElements { source in
        for row in region.rows {
          let start = (row * image.shape[1] + region.columns.lowerBound) * channels
          let places = start..<start + region.columns.count * channels
          _ = out[places].update(fromContentsOf: source[places])
        }
      }
    }
  }

  /// The labels' mixture: `kept` of `label`, the rest of `other`, over `classes` classes.
  public static func softLabel(_ label: Int, _ other: Int, kept: Float, classes: Int) -> [Float] {
    var shares = [Float](repeating: 0, count: classes)
    shares[label] += kept
    shares[other] += 1 - kept
    return shares
  }

  /// A draw of Beta(α, α) by Jöhnk's method: u^(1/α) of u^(1/α) + v^(1/α), where that is at most 1.
  private func keptShare(_ key: RandomKey) -> Float {
    let draws = key.derived("share")
    func power(_ draw: Int) -> Double {
      let value = Double(draws.uniform(draw)) + 0x1p-25
      return ExactMath.exp(max(-600, ExactMath.log(value) / Double(alpha)))
    }
    var attempt = 0
    while true {
      let (first, second) = (power(2 * attempt), power(2 * attempt + 1))
      if first + second <= 1 { return Float(first / (first + second)) }
      attempt += 1
    }
  }
}
