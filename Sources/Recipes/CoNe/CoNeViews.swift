import Data
import Tensors

/// What the networks see of an image; query and key encoder see the same.
struct CoNeViews: Sendable {
  let size: ImageSize
  private let augmentation: Augmentation
  private let center: CenterView

  init(_ options: CoNeOptions) {
    size = ImageSize(height: options.trainSize, width: options.trainSize)
    var augmentation = Augmentation(
      size: size, framing: .resizedCrop(scale: options.cropMin...1, ratio: 0.75...(4 / 3)))
    augmentation.flip = options.flip
    self.augmentation = augmentation
    center = CenterView(side: options.trainSize, fit: .covering, resizedTo: options.valSize)
  }

  func training(_ sample: Sample, key: RandomKey) throws -> ByteTensor {
    try augmentation(Self.picture(of: sample), key: key).image
  }

  func evaluation(_ sample: Sample) throws -> ByteTensor {
    center(try Self.picture(of: sample).pixels())
  }

  /// Shapes: n pictures of the networks' size → [n, side, side, 3].
  func batch(_ pictures: [ByteTensor]) -> Tensor {
    Data.Normalization.imageNet.batch(pictures, size: size)
  }

  private static func picture(of sample: Sample) throws -> SampleImage {
    guard let picture = sample.image else {
      throw DataError(file: sample.id, problem: "has no image", advice: "cone needs one")
    }
    return picture
  }
}
