import CKernels
import Tensors

/// Bytes to floats: (value / 255 − mean) / deviation, a channel at a time.
public struct Normalization: Hashable, Sendable {
  public let mean: [Float]
  public let deviation: [Float]

  /// Precondition: as many means as deviations, deviations above 0.
  public init(mean: [Float], deviation: [Float]) {
    precondition(
      mean.count == deviation.count && deviation.allSatisfy { $0 > 0 },
      "Normalization: mean \(mean), deviation \(deviation)")
    self.mean = mean
    self.deviation = deviation
  }

  /// −1 … 1.
  public static let symmetric = Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
  /// What models pretrained on ImageNet expect.
  public static let imageNet = Normalization(
    mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  /// What OpenAI's CLIP models expect.
  public static let clip = Normalization(
    mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711])

  /// Shapes: n pictures [h, w, c] → [n, h, w, c]. No pictures give [0, size, c].
  ///
  /// Precondition: all pictures have this size and as many channels as there are means.
  public func batch(_ images: [ByteTensor], size: ImageSize) -> Tensor {
    let channels = mean.count
    let table = (0..<channels).flatMap { c in
      (0..<256).map { (Float($0) / 255 - mean[c]) / deviation[c] }
    }
    let pixels = size.height * size.width
    return Tensor(shape: [images.count, size.height, size.width, channels]) { out in
      table.withUnsafeBufferPointer { table in
        for (index, image) in images.enumerated() {
          precondition(
            image.shape == [size.height, size.width, channels],
            "Normalization.batch: picture \(image.shape) among \(size) with \(channels) channels")
          image.withUnsafeElements { source in
            mk_lookup_u8_f32(
              source.baseAddress, Int64(pixels), Int64(channels), table.baseAddress,
              out.baseAddress.map { $0 + index * pixels * channels })
          }
        }
      }
    }
  }

  /// Shapes: [h, w, c] → [h, w, c].
  public func callAsFunction(_ image: ByteTensor) -> Tensor {
    batch([image], size: image.imageSize).reshaped(image.shape)
  }
}

extension ByteTensor {
  /// Masks of one size side by side: n of [h, w] → [n, h, w]. No masks give [0, size].
  public static func batch(_ masks: [ByteTensor], size: ImageSize) -> ByteTensor {
    let pixels = size.height * size.width
    return ByteTensor(shape: [masks.count, size.height, size.width]) { out in
      for (index, mask) in masks.enumerated() {
        precondition(
          mask.shape == [size.height, size.width],
          "ByteTensor.batch: mask \(mask.shape) among \(size)")
        mask.withUnsafeElements { source in
          for pixel in 0..<pixels { out[index * pixels + pixel] = source[pixel] }
        }
      }
    }
  }
}
