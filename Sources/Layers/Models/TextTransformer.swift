import Tensors

/// CLIP's causal text tower (Radford et al. 2021) under OpenCLIP's names: token_embedding.weight,
/// positional_embedding, transformer.resblocks, ln_final, text_projection.
///
/// Shapes: token numbers [B, L], L at most `context` → [B, outputs].
public struct TextTransformer: Sendable {
  /// Which position of a text becomes its row.
  public enum Pooling: Sendable, Hashable {
    /// The first place of the largest token number, which is CLIP's end of text.
    case largestToken
    /// The first place of this token; the last place of a text that lacks it.
    case token(Int32)
  }

  public let embedding: Embedding
  public let positions: Parameter  // [context, width]
  public let blocks: [TransformerBlock]
  public let norm: LayerNorm
  public let projection: Parameter  // [width, outputs]
  let pooling: Pooling

  /// - `vocabulary`: Token numbers are in 0 ..< this.
  /// - `context`: The longest text in tokens.
  /// - `hidden`: Width between the linear layers of a block; 4 times the width by default.
  /// - `activation`: `.quickGELU` for OpenAI's weights.
  public init(
    vocabulary: Int, context: Int, width: Int, depth: Int, heads: Int, hidden: Int? = nil,
    outputs: Int, activation: Activation = .gelu, pooling: Pooling = .largestToken,
    dropout: Float = 0,
    in scope: inout Scope
  ) {
    embedding = Embedding(
      vocabulary, width, initial: .normal(deviation: 0.02), in: &scope["token_embedding"])
    positions = scope.parameter(
      "positional_embedding", [context, width], .normal(deviation: 0.01))
    blocks = (0..<depth).map { index in
      TransformerBlock(
        width, heads: heads, depth: depth, hidden: hidden, isCausal: true, activation: activation,
        epsilon: 1e-5, dropout: dropout, names: .clip, in: &scope["transformer.resblocks", index])
    }
    norm = LayerNorm(width, in: &scope["ln_final"])
    projection = scope.parameter(
      "text_projection", [width, outputs], .normal(deviation: 1 / Float(width).squareRoot()))
    self.pooling = pooling
  }

  public func callAsFunction(_ texts: IntTensor, _ pass: Forward) throws -> Tensor {
    let tokens = try tokens(texts, pass)
    let (batch, length, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    let ends = ends(of: texts).enumerated().map { Int32($0.offset * length + $0.element) }
    let rows = tokens.reshaped([batch * length, width]).gatherRows(IntTensor(ends))
    return matmul(rows, projection.value)
  }

  /// Every token after the last norm: [B, L] → [B, L, width].
  public func tokens(_ texts: IntTensor, _ pass: Forward) throws -> Tensor {
    precondition(
      texts.shape.count == 2 && texts.shape[1] <= positions.shape[0],
      "TextTransformer: tokens \(texts.shape), at most \(positions.shape[0]) each")
    let length = texts.shape[1]
    var x = embedding(texts) + positions.value.sliced(axis: 0, 0..<length)
    for block in blocks { x = try block(x, pass) }
    return norm(x)
  }

  /// The pooled place of each text.
  private func ends(of texts: IntTensor) -> [Int] {
    let length = texts.shape[1]
    let elements = texts.elements
    return (0..<texts.shape[0]).map { row in
      let text = elements[row * length..<(row + 1) * length]
      let place =
        switch pooling {
        case .largestToken: text.max().flatMap { text.firstIndex(of: $0) }
        case .token(let token): text.firstIndex(of: token)
        }
      return (place ?? text.endIndex - 1) - text.startIndex
    }
  }
}
