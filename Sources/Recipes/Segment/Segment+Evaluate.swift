import Data
import Layers
import Losses
import Tensors
import Training

extension Segment {
  /// Every sample once, at its mask's own size; the tallies of all replicas add up.
  package func evaluate(
    _ source: any SampleSource, _ context: PassContext
  ) throws -> [Score] {
    var matrix = ConfusionMatrix(classes: classNames.count)
    for range in context.batches(source.count) {
      let parts = try range.map { try Self.parts(of: source.sample(at: $0)) }
      let predictions = try predictions(
        of: parts.map { try $0.image.pixels() }, sizes: parts.map(\.mask.imageSize), context.pass)
      for (prediction, part) in zip(predictions, parts) {
        matrix.add(prediction: prediction, truth: part.mask, ignoring: ignoredLabel)
      }
    }
    return scores(try matrix.summed(over: context.exchange))
  }

  private func scores(_ matrix: ConfusionMatrix) -> [Score] {
    let classes = zip(classNames, matrix.intersectionOverUnion).compactMap { name, value in
      value.map { Score("IoU/\(name)", $0) }
    }
    return [
      Score("mIoU", matrix.meanIntersectionOverUnion), Score("pixelAccuracy", matrix.accuracy),
    ] + classes
  }

  /// The class of each pixel, a mask of the asked size for each image: [h, w].
  func predictions(
    of images: [ByteTensor], sizes: [ImageSize], _ pass: Forward
  ) throws -> [ByteTensor] {
    let inputs = Data.Normalization.imageNet.batch(images.map { $0.resized(to: size) }, size: size)
    let features = try model.features(inputs, pass)
    return sizes.enumerated().map { index, wanted in
      let own = model.logits(features.rows(index..<index + 1), size: wanted)
      let best = own.argMax()
      return ByteTensor(shape: [wanted.height, wanted.width]) { out in
        best.withUnsafeElements { classes in
          for pixel in out.indices { out[pixel] = UInt8(classes[pixel]) }
        }
      }
    }
  }
}
