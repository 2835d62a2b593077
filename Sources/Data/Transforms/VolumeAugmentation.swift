import Tensors

/// Random turns, flips and crops of volumes and their labels.
///
/// A pure function of (volume, key), as `Augmentation`. What the axes mean is the data's affair:
/// turns are in the plane of the first two.
public struct VolumeAugmentation: Hashable, Sendable {
  public enum Flips: Hashable, Sendable {
    /// Each axis with its own probability, three of them.
    case independent([Float])
    /// Always one of these axes, each as likely.
    case one(of: [Int])
  }

  /// Sides of the result.
  public var size: [Int]
  /// Turns by 0, 90, 180 or 270 degrees in the plane of the first two axes, each as likely.
  public var quarterTurns = false
  /// A turn by an angle in that plane before all else, bilinear for images, nearest for labels.
  public var degrees: ClosedRange<Float> = 0...0
  public var flips = Flips.independent([0, 0, 0])
  /// Voxels of `fill` around the volume that a crop may reach into.
  public var padding = 0
  /// What images show outside the volume; labels are 0 there.
  public var fill: Float = 0

  /// Precondition: three sides.
  public init(size: [Int]) {
    precondition(size.count == 3, "VolumeAugmentation: \(size) are not three sides")
    self.size = size
  }

  /// What the left atrium is trained with (Luo et al. 2021): turned, then flipped along one of the
  /// first two axes, always.
  public static func leftAtrium(size: [Int] = [112, 112, 80]) -> VolumeAugmentation {
    var augmentation = VolumeAugmentation(size: size)
    augmentation.quarterTurns = true
    augmentation.flips = .one(of: [0, 1])
    return augmentation
  }

  /// Shapes: image [a, b, c] or [a, b, c, channels], label [a, b, c] → [size, …].
  public func callAsFunction(
    _ image: Tensor, label: ByteTensor? = nil, key: RandomKey
  ) -> (image: Tensor, label: ByteTensor?) {
    let sides = Array(image.shape.prefix(3))
    let transform = transform(of: sides, key: key)
    let angle = key.derived("degrees").uniform(0, in: degrees)
    guard angle != 0 else { return (transform(image, fill: fill), label.map { transform($0) }) }
    let turn = VolumeTurn(sides: sides, degrees: angle)
    return (
      transform(turn(image, fill: fill), fill: fill),
      label.map { transform(turn($0, fill: 0)) }
    )
  }

  /// Which voxels this key draws from a volume of these sides. Where a side is smaller than the
  /// result's, the volume lies at a random place inside.
  public func transform(of source: [Int], key: RandomKey) -> VolumeTransform {
    var axes = [0, 1, 2]
    var flipped = [false, false, false]
    let turns = quarterTurns ? key.derived("turns").integer(0, below: 4) : 0
    // A quarter turn of the plane swaps its axes and mirrors one of them.
    if turns % 2 == 1 { axes = [1, 0, 2] }
    if turns == 1 || turns == 2 { flipped[0] = true }
    if turns == 2 || turns == 3 { flipped[1] = true }
    let draw = key.derived("flip")
    switch flips {
    case .independent(let chances):
      for (axis, chance) in chances.enumerated() where draw.uniform(axis) < chance {
        flipped[axis].toggle()
      }
    case .one(let choices): flipped[choices[draw.integer(0, below: choices.count)]].toggle()
    }
    let place = key.derived("crop")
    let offset = (0..<3).map { axis in
      let slack = source[axes[axis]] - size[axis]
      let (low, high) = (min(0, slack) - padding, max(0, slack) + padding)
      return low + place.integer(axis, below: high - low + 1)
    }
    return VolumeTransform(
      source: source, size: size, axes: axes, flipped: flipped, offset: offset)
  }
}
