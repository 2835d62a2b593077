import Tensors

/// What happens to a picture, and its mask, between the file and the batch.
///
/// A pure function of (picture, key): give a key of (seed, "augment", epoch or step, slot, view).
public struct Augmentation: Hashable, Sendable {
  /// Which part of the picture is used.
  public enum Framing: Hashable, Sendable {
    /// All of it, stretched to the size.
    case whole
    /// The largest centred part of the size's proportions: what evaluation uses.
    case center
    /// See `Window.randomCrop`.
    case crop
    /// See `Window.randomResized`.
    case resizedCrop(scale: ClosedRange<Float>, ratio: ClosedRange<Float>)
    /// See `Window.randomScaled`.
    case scaledCrop(scale: ClosedRange<Float>)
  }

  public var size: ImageSize
  public var framing: Framing
  /// Probability of mirroring left and right.
  public var flip: Float = 0
  public var jitter: ColorJitter?
  /// Probability that `jitter` is applied.
  public var jitterChance: Float = 1
  /// Probability of losing all colour.
  public var grayscale: Float = 0
  /// Probability of a Gaussian blur.
  public var blur: Float = 0
  /// Range of the blur's deviation in output pixels.
  public var blurSigma: ClosedRange<Float> = 0.1...2
  /// What pictures show outside their border; masks get `ignoredLabel`.
  public var fill: UInt8 = 124

  public init(size: ImageSize, framing: Framing = .whole) {
    self.size = size
    self.framing = framing
  }

  /// The usual training view of a segmentation: scaled crop, flip, colour jitter.
  public static func segmentation(
    size: ImageSize, scale: ClosedRange<Float> = 0.5...2, jitter: ColorJitter? = ColorJitter()
  ) -> Augmentation {
    var augmentation = Augmentation(size: size, framing: .scaledCrop(scale: scale))
    augmentation.flip = 0.5
    augmentation.jitter = jitter
    return augmentation
  }

  /// Shapes: image [h, w, 3], mask [h, w] → [size, 3], [size]; the same window for both.
  public func callAsFunction(
    _ image: ByteTensor, mask: ByteTensor? = nil, key: RandomKey
  ) -> (image: ByteTensor, mask: ByteTensor?) {
    let frame = window(of: image.imageSize, key: key)
    var result = image.resampled(frame, to: size, filter: .bilinear, fill: fill)
    if let jitter, key.derived("jitter chance").uniform(0) < jitterChance {
      result = jitter(result, key: key.derived("jitter"))
    }
    if key.derived("grayscale").uniform(0) < grayscale { result = result.grayscaled() }
    let blurKey = key.derived("blur")
    if blurKey.uniform(0) < blur {
      result = result.gaussianBlurred(sigma: blurKey.uniform(1, in: blurSigma))
    }
    let truth = mask?.resampled(frame, to: size, filter: .nearest, fill: ignoredLabel)
    return (result, truth)
  }

  /// The part of the picture this key draws.
  public func window(of image: ImageSize, key: RandomKey) -> Window {
    let draw = key.derived("window")
    var window: Window
    switch framing {
    case .whole: window = .whole(of: image)
    case .center: window = .covering(size, in: image)
    case .crop: window = .randomCrop(of: image, size: size, key: draw)
    case .resizedCrop(let scale, let ratio):
      window = .randomResized(of: image, scale: scale, ratio: ratio, key: draw)
    case .scaledCrop(let scale):
      window = .randomScaled(of: image, shape: size, scale: scale, key: draw)
    }
    window.flipped = key.derived("flip").uniform(0) < flip
    return window
  }
}
