import Data
import Layers
import Tensors
import Training

extension FakeNews {
  /// Each post's label and its probability.
  package func predict(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Prediction] {
    try judgements(source, context).map { post in
      Prediction(
        sample: post.sample.id,
        fields: [("label", labelNames[post.label]), ("probability", decimals(post.probability))])
    }
  }

  /// Posts with what they were taken for.
  package func contactSheet(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> ByteTensor {
    let rows = try judgements(source, context).map { post in
      PostSheet.Row(
        text: post.sample.text ?? "",
        judgement: "\(labelNames[post.label]) \(decimals(post.probability))",
        truth: post.sample.label.map { labelNames[$0] }, isRight: post.sample.label == post.label)
    }
    return PostSheet(rows: rows, title: "\(source.split): posts, label and probability").picture()
  }

  private typealias Judgement = (sample: Sample, label: Int, probability: Float)

  private func judgements(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Judgement] {
    let samples = try context.indices.map { try source.sample(at: $0) }
    guard !samples.isEmpty else { return [] }
    let tokens = tokens(
      of: try zip(context.indices, samples).map {
        try Self.text(of: $1, cleaning, name: source.name(at: $0))
      })
    let logits = try model.logits(tokens, embedded: model.embedded(tokens), context.pass)
    let shares = FakeNewsModel.probabilities(logits)
    return zip(samples, shares.argMax().elements).enumerated().map { row, found in
      (found.0, Int(found.1), shares.elements[row * labelNames.count + Int(found.1)])
    }
  }

  /// Four of them.
  private func decimals(_ share: Float) -> String {
    // Weights from elsewhere may give anything.
    guard share.isFinite else { return "\(share)" }
    let digits = String(Int(10_000 * share + 0.5))
    let padded = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    return "\(padded.dropLast(4)).\(padded.suffix(4))"
  }
}
