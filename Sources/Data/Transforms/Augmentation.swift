import Tensors

/// What happens to a picture, its mask, boxes and points between the file and the batch.
///
/// A pure function of (picture, key): give a key of (seed, "augment", epoch or step, slot, view).
/// `transform(of:key:)` says where everything goes, for boxes and points.
public struct Augmentation: Hashable, Sendable {
  /// Which part of the picture is used.
  public enum Framing: Hashable, Sendable {
    /// All of it, stretched to the size.
    case whole
    /// The largest centred part of the size's proportions: what evaluation uses.
    case center
    /// See `Window.randomCrop`.
    case crop
    /// The same of the picture inside a border of so many pixels, which are filled.
    case paddedCrop(padding: Int)
    /// See `Window.randomResized`.
    case resizedCrop(scale: ClosedRange<Float>, ratio: ClosedRange<Float>)
    /// See `Window.randomScaled`.
    case scaledCrop(scale: ClosedRange<Float>)
  }

  public var size: ImageSize
  public var framing: Framing
  /// How pictures are resampled; masks always take the nearest pixel.
  public var filter = ResamplingFilter.bilinear
  /// Probability of mirroring left and right.
  public var flip: Float = 0
  /// Probability of mirroring top and bottom.
  public var verticalFlip: Float = 0
  /// Turns, shifts, scales and shears what the framing shows.
  public var affine: RandomAffine?
  public var jitter: ColorJitter?
  /// Probability that `jitter` is applied.
  public var jitterChance: Float = 1
  /// Probability of losing all colour.
  public var grayscale: Float = 0
  /// Probability of a Gaussian blur.
  public var blur: Float = 0
  /// Range of the blur's deviation in output pixels.
  public var blurSigma: ClosedRange<Float> = 0.1...2
  /// Probability of inverting values from 128 on.
  public var solarize: Float = 0
  public var erasing: Erasing?
  /// What pictures show outside their border; masks get `ignoredLabel`.
  public var fill: UInt8 = 124
  /// Lets JPEGs that are shrunk to half or less be decoded at 1/2, 1/4 or 1/8 of their size, with
  /// still as many pixels as the output. That is faster and gives other pixels, about as good,
  /// which depend on picture and key alone, as all others do.
  public var decodesScaled = false

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

  /// Shapes: image [h, w, 3], mask [h, w] → [size, 3], [size]; both in the same place.
  public func callAsFunction(
    _ image: ByteTensor, mask: ByteTensor? = nil, key: RandomKey
  ) -> (image: ByteTensor, mask: ByteTensor?) {
    let transform = transform(of: image.imageSize, key: key)
    let view = transform.applied(to: image, filter: filter, fill: fill)
    return finished(view, mask.map(transform.mask), key: key)
  }

  /// The same of a sample's picture; of a file's bytes only what the view shows is decoded.
  ///
  /// Throws: `DataError` when they are damaged there.
  public func callAsFunction(
    _ image: SampleImage, mask: ByteTensor? = nil, key: RandomKey
  ) throws -> (image: ByteTensor, mask: ByteTensor?) {
    let transform = transform(of: image.size, key: key)
    let view = try image.view(transform, filter: filter, fill: fill, scaled: decodesScaled)
    return finished(view, mask.map(transform.mask), key: key)
  }

  /// Where this key puts what a picture of this size shows.
  public func transform(of image: ImageSize, key: RandomKey) -> SpatialTransform {
    SpatialTransform(
      of: image, to: size, window: window(of: image, key: key),
      affine: affine.map { $0(size, key: key.derived("affine")) } ?? .identity)
  }

  /// The part of the picture this key draws.
  public func window(of image: ImageSize, key: RandomKey) -> Window {
    let draw = key.derived("window")
    var window: Window
    switch framing {
    case .whole: window = .whole(of: image)
    case .center: window = .covering(size, in: image)
    case .crop: window = .randomCrop(of: image, size: size, key: draw)
    case .paddedCrop(let padding):
      let padded = ImageSize(height: image.height + 2 * padding, width: image.width + 2 * padding)
      window = .randomCrop(of: padded, size: size, key: draw)
      window.top -= Float(padding)
      window.left -= Float(padding)
    case .resizedCrop(let scale, let ratio):
      window = .randomResized(of: image, scale: scale, ratio: ratio, key: draw)
    case .scaledCrop(let scale):
      window = .randomScaled(of: image, shape: size, scale: scale, key: draw)
    }
    window.flipped = key.derived("flip").uniform(0) < flip
    window.flippedVertically = key.derived("vertical flip").uniform(0) < verticalFlip
    return window
  }

  /// What changes no places: colours, blur, erasing.
  private func finished(
    _ view: ByteTensor, _ mask: ByteTensor?, key: RandomKey
  ) -> (image: ByteTensor, mask: ByteTensor?) {
    var result = view
    if let jitter, key.derived("jitter chance").uniform(0) < jitterChance {
      result = jitter(result, key: key.derived("jitter"))
    }
    if key.derived("grayscale").uniform(0) < grayscale { result = result.grayscaled() }
    let blurKey = key.derived("blur")
    if blurKey.uniform(0) < blur {
      result = result.gaussianBlurred(sigma: blurKey.uniform(1, in: blurSigma))
    }
    if key.derived("solarize").uniform(0) < solarize { result = result.solarized() }
    guard let part = erasing?.region(of: size, key: key.derived("erasing")) else {
      return (result, mask)
    }
    return (
      result.filled(part, with: fill),
      mask.map { mask in erasing?.label.map { mask.filled(part, with: $0) } ?? mask }
    )
  }
}
