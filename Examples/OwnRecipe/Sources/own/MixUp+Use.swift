import Data
import Losses
import Tensors
import Training

extension MixUp {
  /// Every replica scores its part of the split; the counts of all add up.
  func evaluate(_ source: any SampleSource, _ context: PassContext) throws -> [Score] {
    var matrix = ConfusionMatrix(classes: classNames.count)
    for range in context.batches(source.count) {
      let samples = try range.map { try source.sample(at: $0) }
      let (scores, labels) = try logits(of: samples, context.pass)
      matrix.add(
        prediction: ByteTensor(scores.argMax().elements.map { UInt8($0) }),
        truth: ByteTensor(labels.map { UInt8($0) }))
    }
    return [Score("accuracy", try matrix.summed(over: context.exchange).accuracy)]
  }

  func predict(_ source: any SampleSource, _ context: PredictContext) throws -> [Prediction] {
    try context.indices.map { index in
      let sample = try source.sample(at: index)
      let (scores, _) = try logits(of: [sample], context.pass)
      return Prediction(
        sample: sample.id, fields: [("class", classNames[Int(scores.argMax().elements[0])])])
    }
  }

  func contactSheet(_ source: any SampleSource, _ context: PredictContext) throws -> ByteTensor {
    let rows = try context.indices.map { index in
      let sample = try source.sample(at: index)
      let (image, label) = try Self.parts(of: sample)
      let found = Int(try logits(of: [sample], context.pass).scores.argMax().elements[0])
      let truth = found == label ? [] : ["truth: \(classNames[label])"]
      return CaptionSheet.Row(
        image: try image.pixels().resized(to: size), lines: [classNames[found]] + truth,
        isRight: found == label)
    }
    return CaptionSheet(rows: rows, title: source.split).picture()
  }
}
