import Tensors

/// The part of an image that becomes the output: a rectangle in source pixels, perhaps mirrored.
///
/// Crop, resize, scale, pad and flip are all windows, so an image goes through one resampling
/// however many of them are asked for, and a mask taken through the same window stays aligned. Its
/// edges need not lie on whole pixels, where torchvision's crops do. A window may reach outside the
/// image; what is there is filled.
public struct Window: Hashable, Sendable {
  public var top: Float
  public var left: Float
  public var height: Float
  public var width: Float
  /// Mirrors left and right.
  public var flipped: Bool
  /// Mirrors top and bottom.
  public var flippedVertically: Bool

  public init(
    top: Float, left: Float, height: Float, width: Float, flipped: Bool = false,
    flippedVertically: Bool = false
  ) {
    self.top = top
    self.left = left
    self.height = height
    self.width = width
    self.flipped = flipped
    self.flippedVertically = flippedVertically
  }

  /// All of the image: plain resizing.
  public static func whole(of image: ImageSize) -> Window {
    Window(top: 0, left: 0, height: Float(image.height), width: Float(image.width))
  }

  /// `size` pixels from the middle; reaches outside where the image is smaller.
  public static func center(of image: ImageSize, size: ImageSize) -> Window {
    Window(
      top: Float((image.height - size.height) / 2), left: Float((image.width - size.width) / 2),
      height: Float(size.height), width: Float(size.width))
  }

  /// The largest centred window with the proportions of `shape`: resize the shorter side, then crop.
  public static func covering(_ shape: ImageSize, in image: ImageSize) -> Window {
    let (height, width) = coveringSides(shape, in: image)
    return Window(
      top: (Float(image.height) - height) / 2, left: (Float(image.width) - width) / 2,
      height: height, width: width)
  }

  /// `size` pixels at a random place; where the image is smaller, it lies at a random place inside.
  public static func randomCrop(of image: ImageSize, size: ImageSize, key: RandomKey) -> Window {
    func start(_ full: Int, _ part: Int, _ draw: Int) -> Float {
      let slack = full - part
      let offset = key.integer(draw, below: abs(slack) + 1)
      return Float(slack < 0 ? -offset : offset)
    }
    return Window(
      top: start(image.height, size.height, 0), left: start(image.width, size.width, 1),
      height: Float(size.height), width: Float(size.width))
  }

  /// A random part of the image with a random aspect ratio (Szegedy et al. 2015): area a fraction
  /// `scale` of the image, width over height log-uniform in `ratio`, always inside the image.
  public static func randomResized(
    of image: ImageSize, scale: ClosedRange<Float> = 0.08...1,
    ratio: ClosedRange<Float> = 0.75...(4 / 3), key: RandomKey
  ) -> Window {
    precondition(
      scale.lowerBound > 0 && scale.upperBound <= 1 && ratio.lowerBound > 0,
      "Window.randomResized: scale \(scale) in (0, 1], ratio \(ratio) above 0")
    let (imageHeight, imageWidth) = (Float(image.height), Float(image.width))
    let logs = (
      ExactMath.log(Double(ratio.lowerBound)), ExactMath.log(Double(ratio.upperBound))
    )
    for attempt in 0..<10 {
      let draw = key.derived(attempt)
      let area = imageHeight * imageWidth * draw.uniform(0, in: scale)
      let aspect = Float(ExactMath.exp(logs.0 + (logs.1 - logs.0) * Double(draw.uniform(1))))
      let width = (area * aspect).squareRoot()
      let height = (area / aspect).squareRoot()
      guard width <= imageWidth && height <= imageHeight else { continue }
      return Window(
        top: draw.uniform(2) * (imageHeight - height), left: draw.uniform(3) * (imageWidth - width),
        height: height, width: width)
    }
    // Very long images may refuse every draw: the largest middle part of an allowed ratio.
    let aspect = min(max(imageWidth / imageHeight, ratio.lowerBound), ratio.upperBound)
    let width = min(imageWidth, imageHeight * aspect)
    let height = width / aspect
    return Window(
      top: (imageHeight - height) / 2, left: (imageWidth - width) / 2, height: height, width: width)
  }

  /// Random scale, then a random crop, as segmentation trains: at factor 1 the window is the largest
  /// of `shape`'s proportions, at 2 half as long and wide, at 0.5 twice and so partly outside.
  /// The factor is log-uniform in `scale`.
  public static func randomScaled(
    of image: ImageSize, shape: ImageSize, scale: ClosedRange<Float> = 0.5...2, key: RandomKey
  ) -> Window {
    precondition(scale.lowerBound > 0, "Window.randomScaled: scale \(scale) must be above 0")
    let low = ExactMath.log(Double(scale.lowerBound))
    let high = ExactMath.log(Double(scale.upperBound))
    let factor = Float(ExactMath.exp(low + (high - low) * Double(key.uniform(0))))
    let sides = coveringSides(shape, in: image)
    let height = sides.height / factor
    let width = sides.width / factor
    return Window(
      top: key.uniform(1) * (Float(image.height) - height),
      left: key.uniform(2) * (Float(image.width) - width), height: height, width: width)
  }

  private static func coveringSides(
    _ shape: ImageSize, in image: ImageSize
  ) -> (height: Float, width: Float) {
    precondition(shape.height > 0 && shape.width > 0, "Window: empty shape \(shape)")
    let unit = min(
      Float(image.height) / Float(shape.height), Float(image.width) / Float(shape.width))
    return (Float(shape.height) * unit, Float(shape.width) * unit)
  }
}
