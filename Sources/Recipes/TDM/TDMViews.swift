import Data
import Tensors

/// What the network sees of an image.
struct TDMViews: Sendable {
  let size: ImageSize
  private let augmentation: Augmentation

  init(_ options: TDMOptions) {
    size = ImageSize(height: options.imageSize, width: options.imageSize)
    var augmentation = Augmentation(
      size: size,
      framing: options.trainTransformType == 0
        ? .resizedCrop(scale: 0.08...1, ratio: 0.75...(4 / 3)) : .paddedCrop(padding: 8))
    augmentation.fill = 0
    augmentation.flip = 0.5
    augmentation.jitter = ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0)
    self.augmentation = augmentation
  }

  func training(_ sample: Sample, key: RandomKey) throws -> ByteTensor {
    try augmentation(Self.picture(of: sample), key: key).image
  }

  /// The picture as it is if it has the network's size, as those that the data's preparation has
  /// made; of others the middle.
  func evaluation(_ sample: Sample) throws -> ByteTensor {
    let picture = try Self.picture(of: sample)
    guard picture.size != size else { return try picture.pixels() }
    return CenterView(side: size.width, fit: .covering)(try picture.pixels())
  }

  /// Shapes: n pictures of the network's size → [n, side, side, 3].
  func batch(_ pictures: [ByteTensor]) -> Tensor {
    Data.Normalization.imageNet.batch(pictures, size: size)
  }

  private static func picture(of sample: Sample) throws -> SampleImage {
    guard let picture = sample.image else {
      throw DataError(file: sample.id, problem: "has no image", advice: "tdm needs one")
    }
    return picture
  }
}
