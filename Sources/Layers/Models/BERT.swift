import Tensors

/// BERT's encoder (Devlin et al. 2019) and RoBERTa's (Liu et al. 2019), under Hugging Face's names:
/// embeddings, encoder.layer, pooler.
///
/// Shapes: token numbers [B, L] → tokens [B, L, width]; `pooled` [B, width].
public struct BERT: Sendable {
  /// What number a token's place has in the table of positions.
  public enum Places: Sendable, Hashable {
    /// 0, 1, 2, …, as BERT's.
    case fromZero
    /// Real tokens are numbered from padding + 1 on, padding has its own number; as RoBERTa's.
    case after(padding: Int32)
  }

  public let words: Embedding  // [vocabulary, width]
  public let positions: Embedding  // [positions, width]
  public let types: Embedding  // [types, width]
  public let norm: LayerNorm
  public let blocks: [TransformerBlock]
  public let pooler: Linear?
  let places: Places
  let dropout: Dropout

  /// - `vocabulary`: Token numbers are in 0 ..< this and as many as are added.
  /// - `added`: Symbols that the vocabulary did not have: rows behind the others.
  /// - `positions`: Rows of their table: the longest text in tokens; with RoBERTa's places padding + 1
  ///   more.
  /// - `hidden`: Width between the linear layers of a block; 4 times the width by default.
  /// - `epsilon`: Of the norms: 1e-12 in BERT's configurations, 1e-5 in RoBERTa's.
  /// - `dropout`: After the embedding and at the end of each half of a block.
  /// - `weightDropout`: Of the attention's weights.
  public init(
    vocabulary: Int, adding added: [Initializer.AddedRow] = [], positions: Int, types: Int = 2,
    width: Int, depth: Int, heads: Int,
    hidden: Int? = nil, places: Places = .fromZero, epsilon: Float = 1e-12,
    activation: Activation = .gelu, hasPooler: Bool = true, dropout: Float = 0,
    weightDropout: Float = 0, in scope: inout Scope
  ) {
    let small = Initializer.normal(deviation: 0.02)
    var embeddings = scope["embeddings"]
    words = Embedding(
      vocabulary: vocabulary, adding: added, width, deviation: 0.02,
      in: &embeddings["word_embeddings"])
    self.positions = Embedding(
      positions, width, initial: small, in: &embeddings["position_embeddings"])
    self.types = Embedding(types, width, initial: small, in: &embeddings["token_type_embeddings"])
    norm = LayerNorm(width, epsilon: epsilon, in: &embeddings["LayerNorm"])
    self.dropout = Dropout(dropout, in: &embeddings["dropout"])
    blocks = (0..<depth).map { index in
      TransformerBlock(
        width, heads: heads, depth: depth, hidden: hidden, activation: activation,
        epsilon: epsilon, dropout: dropout, weightDropout: weightDropout, names: .bert,
        in: &scope["encoder.layer", index])
    }
    pooler =
      hasPooler
      ? Linear(width, width, initial: small, biasInitial: .zeros, in: &scope["pooler.dense"]) : nil
    self.places = places
  }

  /// Every token after the last block: [B, L] → [B, L, width].
  ///
  /// - `isReal`: [B, L], 0 for padding, which nobody attends to; all real by default. Every text has
  ///   a real token.
  /// - `kinds`: The segment of each token, [B, L]; 0 by default.
  /// - `embedded`: Taken in place of the words' rows, [B, L, width], for methods that change them.
  public func tokens(
    _ texts: IntTensor, isReal: ByteTensor? = nil, kinds: IntTensor? = nil,
    embedded: Tensor? = nil, _ pass: Forward
  ) throws -> Tensor {
    precondition(
      texts.shape.count == 2 && (isReal.map { $0.shape == texts.shape } ?? true)
        && (kinds.map { $0.shape == texts.shape } ?? true),
      "BERT: tokens \(texts.shape), of which \(isReal?.shape ?? []) real, kinds \(kinds?.shape ?? [])"
    )
    let segment = kinds.map { types($0) } ?? types(IntTensor([0])).reshaped([-1])
    let places = positions(numbers(of: texts))
    var x = norm((embedded ?? words(texts)) + segment + places)
    x = try dropout(x, pass)
    let mask = isReal.map { Self.mask($0) }
    for block in blocks { x = try block(x, mask: mask, pass) }
    return x
  }

  /// tanh of the pooler's layer on each first token: [B, L, width] → [B, width].
  ///
  /// Precondition: there is a pooler.
  public func pooled(_ tokens: Tensor) -> Tensor {
    guard let pooler else { preconditionFailure("BERT: pooled without a pooler") }
    let first = tokens.sliced(axis: 1, 0..<1).reshaped([tokens.shape[0], tokens.shape[2]])
    return tanh(pooler(first))
  }

  /// Rows of the table of positions: [B, L], or [L] where they are the same for all texts.
  private func numbers(of texts: IntTensor) -> IntTensor {
    let length = texts.shape[1]
    let rows = positions.weight.shape[0]
    switch places {
    case .fromZero:
      precondition(length <= rows, "BERT: texts of \(length) tokens, at most \(rows)")
      return IntTensor((0..<length).map { Int32($0) })
    case .after(let padding):
      var numbers = [Int32](repeating: padding, count: texts.count)
      var last = padding
      for (place, token) in texts.elements.enumerated() {
        if place % length == 0 { last = padding }
        guard token != padding else { continue }
        last += 1
        numbers[place] = last
      }
      precondition(
        numbers.allSatisfy { $0 < rows }, "BERT: texts of \(length) tokens, at most \(rows) rows")
      return IntTensor(numbers, shape: texts.shape)
    }
  }

  /// What is added to the scores: [B, L] → [B, 1, 1, L].
  private static func mask(_ isReal: ByteTensor) -> Tensor {
    let added = isReal.elements.map { $0 == 0 ? -Float.infinity : 0 }
    return Tensor(added, shape: [isReal.shape[0], 1, 1, isReal.shape[1]])
  }
}
