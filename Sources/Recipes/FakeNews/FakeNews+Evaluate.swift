import Data
import Layers
import Losses
import Tensors
import Training

extension FakeNews {
  /// Weighted F1, precision, recall and accuracy from the confusion of all posts, the same under attack,
  /// and how many tokens a post has.
  package func evaluate(
    _ source: any SampleSource, _ context: PassContext
  ) throws -> [Score] {
    guard source.labelNames == labelNames else {
      throw DataError(
        file: "split \(source.split)", problem: "has the classes \(source.labelNames.prefix(20))",
        advice: "The model was trained on \(labelNames.prefix(20))")
    }
    var clean = ConfusionMatrix(classes: labelNames.count)
    var attacked = clean
    var counts = [Double](repeating: 0, count: tokenizers.count)
    for range in context.batches(source.count) {
      let samples = try range.map { try source.sample(at: $0) }
      let tokens = tokens(
        of: try zip(range, samples).map {
          try Self.text(of: $1, cleaning, name: source.name(at: $0))
        })
      let labels = try zip(range, samples).map {
        UInt8(try Self.label(of: $1, name: source.name(at: $0)))
      }
      for index in counts.indices { counts[index] += Double(tokens[index].count) }
      let embedded = model.embedded(tokens)
      clean.add(
        prediction: try classes(tokens, embedded, context.pass), truth: ByteTensor(labels))
      guard options.attackEpsilon > 0 else { continue }
      let shifts = try attack(
        tokens, embedded, labels: IntTensor(labels.map { Int32($0) }), context.pass)
      attacked.add(
        prediction: try classes(tokens, zip(embedded, shifts).map { $0 + $1 }, context.pass),
        truth: ByteTensor(labels))
    }
    clean = try clean.summed(over: context.exchange)
    counts = try context.exchange.sum(counts)
    var scores = [
      Score("weightedF1", clean.weightedF1), Score("accuracy", clean.accuracy),
      Score("weightedPrecision", clean.weightedPrecision),
      Score("weightedRecall", clean.weightedRecall),
    ]
    if options.attackEpsilon > 0 {
      attacked = try attacked.summed(over: context.exchange)
      scores += [
        Score("attacked/weightedF1", attacked.weightedF1),
        Score("attacked/accuracy", attacked.accuracy),
      ]
    }
    return scores
      + zip(options.encoders, counts).map {
        Score("tokens/\($0.name)", $1 / Double(max(1, source.count)), isFraction: false)
      }
  }

  /// [B], by the highest mean probability.
  private func classes(
    _ tokens: [PostTokens], _ embedded: [Tensor], _ pass: Forward
  ) throws -> ByteTensor {
    let logits = try model.logits(tokens, embedded: embedded, pass)
    return ByteTensor(
      FakeNewsModel.probabilities(logits).argMax().elements.map { UInt8($0) })
  }

  /// What to add to each word, by the model's own gradient at α = 1.
  func attack(
    _ tokens: [PostTokens], _ embedded: [Tensor], labels: IntTensor, _ pass: Forward
  ) throws -> [Tensor] {
    let slopes = try withTape {
      let words = embedded.map { $0.detached.tracked() }
      let logits = try model.logits(tokens, embedded: words, pass)
      let losses = logits.map { crossEntropyRows($0, labels).sum() }
      return try gradients(of: losses.dropFirst().reduce(losses[0]) { $0 + $1 }, over: words)
    }
    return zip(slopes, tokens).map {
      Perturbation.ofSamples($0, isReal: $1.isReal, epsilon: options.attackEpsilon)
    }
  }
}
