import Tensors

/// A transformer block of attention and two linear layers, each with a way around it.
///
/// Pre-norm: x + attention(norm(x)), then x + mlp(norm(x)). Post-norm, with the names of BERT:
/// norm(x + attention(x)), then norm(x + mlp(x)).
///
/// Shapes: [B, N, width] → the same.
public struct TransformerBlock: Layer {
  /// What the parts are called.
  public enum Names: Sendable {
    /// norm1, attn.qkv, attn.proj, norm2, mlp.fc1, mlp.fc2; as begun by timm's ViT.
    case timm
    /// ln_1, attn.in_proj_weight, attn.out_proj, ln_2, mlp.c_fc, mlp.c_proj; as begun by OpenCLIP.
    case clip
    /// attention.self.query, …, attention.output.dense, attention.output.LayerNorm,
    /// intermediate.dense, output.dense, output.LayerNorm; as Hugging Face's BERT, post-norm.
    case bert
  }

  public let firstNorm: LayerNorm
  public let attention: MultiHeadAttention
  public let secondNorm: LayerNorm
  public let mlp: MLP
  let isPostNorm: Bool
  let paths: [DropPath]

  /// - `depth`: Blocks of the whole transformer; OpenCLIP's initial deviations depend on it.
  /// - `hidden`: Width between the two linear layers; `mlpRatio` times the width by default.
  /// - `bias`: Of queries, keys and values.
  /// - `dropout`: After the attention's output and in the MLP; with BERT's names not between the
  ///   MLP's layers.
  /// - `weightDropout`: Of the attention's weights.
  /// - `dropPath`: Probability of leaving each half out for a sample.
  public init(
    _ width: Int, heads: Int, depth: Int, mlpRatio: Float = 4, hidden: Int? = nil,
    isCausal: Bool = false, bias: Bool = true, activation: Activation = .gelu, epsilon: Float,
    dropout: Float = 0, weightDropout: Float = 0, dropPath: Float = 0, names: Names,
    in scope: inout Scope
  ) {
    let hidden = hidden ?? Int(Float(width) * mlpRatio)
    isPostNorm = names == .bert
    switch names {
    case .timm:
      let small = Initializer.truncatedNormal(deviation: 0.02)
      firstNorm = LayerNorm(width, epsilon: epsilon, in: &scope["norm1"])
      attention = MultiHeadAttention(
        width, heads: heads, isCausal: isCausal, bias: bias, dropout: dropout,
        weightDropout: weightDropout, names: .timm, initial: small, outputInitial: small,
        in: &scope["attn"])
      secondNorm = LayerNorm(width, epsilon: epsilon, in: &scope["norm2"])
      mlp = MLP(
        width, hidden: hidden, activation: activation, dropout: dropout, initial: small,
        biasInitial: .zeros, in: &scope["mlp"])
    case .clip:
      let across = 1 / Float(width).squareRoot()
      let down = across / Float(2 * depth).squareRoot()
      firstNorm = LayerNorm(width, epsilon: epsilon, in: &scope["ln_1"])
      attention = MultiHeadAttention(
        width, heads: heads, isCausal: isCausal, bias: bias, dropout: dropout,
        weightDropout: weightDropout, names: .torch, initial: .normal(deviation: across),
        outputInitial: .normal(deviation: down), in: &scope["attn"])
      secondNorm = LayerNorm(width, epsilon: epsilon, in: &scope["ln_2"])
      mlp = MLP(
        width, hidden: hidden, activation: activation, dropout: dropout, names: ("c_fc", "c_proj"),
        initial: .normal(deviation: 1 / Float(2 * width).squareRoot()),
        secondInitial: .normal(deviation: down), in: &scope["mlp"])
    case .bert:
      let small = Initializer.normal(deviation: 0.02)
      attention = MultiHeadAttention(
        width, heads: heads, isCausal: isCausal, bias: bias, dropout: dropout,
        weightDropout: weightDropout, names: .bert, initial: small, outputInitial: small,
        in: &scope["attention"])
      firstNorm = LayerNorm(width, epsilon: epsilon, in: &scope["attention.output.LayerNorm"])
      mlp = MLP(
        width, hidden: hidden, activation: activation, dropout: dropout, innerDropout: 0,
        names: ("intermediate.dense", "output.dense"), initial: small, biasInitial: .zeros,
        in: &scope)
      secondNorm = LayerNorm(width, epsilon: epsilon, in: &scope["output.LayerNorm"])
    }
    paths = [
      DropPath(dropPath, in: &scope["drop_path1"]), DropPath(dropPath, in: &scope["drop_path2"]),
    ]
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    try self(x, mask: nil, pass)
  }

  /// - `mask`: Added to the attention's scores.
  public func callAsFunction(_ x: Tensor, mask: Tensor?, _ pass: Forward) throws -> Tensor {
    func attended(_ x: Tensor) throws -> Tensor {
      try paths[0](attention(x, context: nil, mask: mask, pass), pass)
    }
    if isPostNorm {
      let mixed = firstNorm(x + (try attended(x)))
      return secondNorm(mixed + (try paths[1](mlp(mixed, pass), pass)))
    }
    let mixed = x + (try attended(firstNorm(x)))
    return mixed + (try paths[1](mlp(secondNorm(mixed), pass), pass))
  }
}
