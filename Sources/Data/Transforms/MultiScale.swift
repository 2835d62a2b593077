import Tensors

/// Another picture size for each step, the same for all its slots.
public struct MultiScale: Hashable, Sendable {
  public let sizes: [ImageSize]

  /// Precondition: at least one size.
  public init(sizes: [ImageSize]) {
    precondition(!sizes.isEmpty, "MultiScale: no sizes")
    self.sizes = sizes
  }

  /// `size` times each factor, sides rounded to multiples of `multiple`, at least one.
  public init(_ size: ImageSize, factors: [Float], multipleOf multiple: Int = 32) {
    func scaled(_ side: Int, _ factor: Float) -> Int {
      max(1, Int((Float(side) * factor / Float(multiple)).rounded())) * multiple
    }
    self.init(
      sizes: factors.map { factor in
        ImageSize(height: scaled(size.height, factor), width: scaled(size.width, factor))
      })
  }

  /// The size this key draws: give a key of (seed, "scale", step), without slot.
  public func size(key: RandomKey) -> ImageSize { sizes[key.integer(0, below: sizes.count)] }
}
