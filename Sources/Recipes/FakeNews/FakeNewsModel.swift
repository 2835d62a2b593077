import Data
import Layers
import Tensors

/// One encoder: a post's tokens become a vector.
package struct PostEncoder: Sendable {
  package let bert: BERT
  let pooling: FakeNewsPooling

  /// Shapes: embedded [B, L, width] → [B, width].
  func callAsFunction(_ tokens: PostTokens, embedded: Tensor, _ pass: Forward) throws -> Tensor {
    let states = try bert.tokens(
      tokens.numbers, isReal: tokens.isReal, embedded: embedded, pass)  // [B, L, width]
    guard pooling == .mean else {
      return states.sliced(axis: 1, 0..<1).reshaped([states.shape[0], states.shape[2]])
    }
    let mask = Tensor(tokens.isReal.elements.map { Float($0) }, shape: tokens.isReal.shape)
    let sums = (states * mask.expanded(axis: 2)).sum(axes: [1])
    return sums / mask.sum(axes: [1], keep: true)
  }
}

/// The last layer: logits of a vector, or with `normalise` the cosines with the classes' rows.
struct Classifier: Sendable {
  let weight: Parameter  // [classes, width]
  let bias: Parameter?

  init(_ width: Int, classes: Int, normalise: Bool, in scope: inout Scope) {
    weight = scope.parameter("weight", [classes, width], .normal(deviation: 0.02))
    bias = normalise ? nil : scope.parameter("bias", [classes], .zeros)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    guard let bias else {
      return matmul(l2Normalized(x), l2Normalized(weight.value).transposed)
    }
    return matmul(x, weight.value.transposed) + bias.value
  }
}

/// The encoders and what judges by their vectors.
package struct FakeNewsModel: Sendable {
  private enum Judge: Sendable {
    /// One network for all vectors together.
    case joint(hidden: Linear, Dropout, Classifier)
    /// One for each encoder.
    case own([(Dropout, Classifier)])
  }

  package let encoders: [PostEncoder]
  private let judge: Judge

  /// `tokenizers`: Of the encoders that the options name, in their order.
  package init(
    _ options: FakeNewsOptions, tokenizers: [PostTokenizer], classes: Int, in scope: inout Scope
  ) {
    let isJoint = options.branches == .fusion
    encoders = zip(options.encoders, tokenizers).map { size, tokenizer in
      // RoBERTa knows neither segments nor place 0, and has another epsilon.
      let isRoberta = size.name == options.roberta.name
      return PostEncoder(
        bert: BERT(
          vocabulary: tokenizer.base.count, adding: tokenizer.added, positions: size.positions,
          types: isRoberta ? 1 : 2, width: size.width, depth: size.depth, heads: size.heads,
          hidden: size.hidden,
          places: isRoberta ? .after(padding: tokenizer.base.frame.padding) : .fromZero,
          epsilon: isRoberta ? 1e-5 : 1e-12, hasPooler: !isJoint, dropout: options.dropout,
          weightDropout: options.attentionDropout, in: &scope[size.name]),
        pooling: options.pooling)
    }
    let widths = options.encoders.map(\.width)
    if isJoint {
      let small = Initializer.normal(deviation: 0.02)
      let hidden = Linear(
        widths.reduce(0, +), options.fusionWidth, initial: small, biasInitial: .zeros,
        in: &scope["classifier.dense"])
      judge = .joint(
        hidden: hidden, Dropout(options.dropout, in: &scope["classifier.dropout"]),
        Classifier(
          options.fusionWidth, classes: classes, normalise: options.normalise,
          in: &scope["classifier.out_proj"]))
    } else {
      judge = .own(
        options.encoders.map { size in
          let name = "\(size.name)_classifier"
          return (
            Dropout(options.dropout, in: &scope["\(name).dropout"]),
            Classifier(
              size.width, classes: classes, normalise: options.normalise, in: &scope[name])
          )
        })
    }
  }

  /// The words' rows of each encoder, before places and segments are added: [B, L, width].
  package func embedded(_ tokens: [PostTokens]) -> [Tensor] {
    zip(encoders, tokens).map { $0.bert.words($1.numbers) }
  }

  /// Logits [B, classes]: one for the encoders together, or one for each.
  package func logits(
    _ tokens: [PostTokens], embedded: [Tensor], _ pass: Forward
  ) throws -> [Tensor] {
    let vectors = try encoders.indices.map { index in
      try encoders[index](tokens[index], embedded: embedded[index], pass)
    }
    switch judge {
    case .joint(let hidden, let dropout, let classifier):
      return [classifier(try dropout(tanh(hidden(concatenated(vectors, axis: 1))), pass))]
    case .own(let classifiers):
      return try classifiers.indices.map { index in
        let (dropout, classifier) = classifiers[index]
        return classifier(try dropout(pooled(vectors[index], by: encoders[index]), pass))
      }
    }
  }

  private func pooled(_ vector: Tensor, by encoder: PostEncoder) -> Tensor {
    encoder.bert.pooler.map { tanh($0(vector)) } ?? vector
  }

  /// The mean of the judges' softmax at α = 1: [B, classes].
  package static func probabilities(_ logits: [Tensor]) -> Tensor {
    let sum = logits.dropFirst().reduce(softmax(logits[0])) { $0 + softmax($1) }
    return logits.count == 1 ? sum : sum / Float(logits.count)
  }
}
