import Tensors

/// Random changes of brightness, contrast, saturation and hue, in a random order, as torchvision's
/// `ColorJitter`.
public struct ColorJitter: Hashable, Sendable {
  /// Half-width b of the factor's range [max(0, 1 − b), 1 + b]; 0 leaves it alone.
  public var brightness: Float
  public var contrast: Float
  public var saturation: Float
  /// Largest turn of the colour circle either way, 0 … 0.5.
  public var hue: Float

  public init(
    brightness: Float = 0.4, contrast: Float = 0.4, saturation: Float = 0.4, hue: Float = 0.1
  ) {
    precondition(
      brightness >= 0 && contrast >= 0 && saturation >= 0 && (0...0.5).contains(hue),
      "ColorJitter: brightness, contrast, saturation at least 0, hue in 0 … 0.5")
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }

  /// Shapes: [h, w, 3] → the same.
  public func callAsFunction(_ image: ByteTensor, key: RandomKey) -> ByteTensor {
    let order = KeyedPermutation(count: 4, key: key.derived("order"))
    var result = image
    for place in 0..<4 {
      switch order[place] {
      case 0 where brightness > 0:
        result = result.brightened(by: factor(brightness, key, 0))
      case 1 where contrast > 0:
        result = result.contrasted(by: factor(contrast, key, 1))
      case 2 where saturation > 0:
        result = result.saturated(by: factor(saturation, key, 2))
      case 3 where hue > 0:
        result = result.hueTurned(by: key.uniform(3, in: -hue...hue))
      default: continue
      }
    }
    return result
  }

  private func factor(_ half: Float, _ key: RandomKey, _ draw: Int) -> Float {
    key.uniform(draw, in: max(0, 1 - half)...(1 + half))
  }
}
