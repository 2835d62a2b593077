import Tensors

/// A pre-norm transformer block: x + attention(norm(x)), then x + mlp(norm(x)).
///
/// Shapes: [B, N, width] → the same.
public struct TransformerBlock: Layer {
  /// What the parts are called.
  public enum Names: Sendable {
    /// norm1, attn.qkv, attn.proj, norm2, mlp.fc1, mlp.fc2; as begun by timm's ViT.
    case timm
    /// ln_1, attn.in_proj_weight, attn.out_proj, ln_2, mlp.c_fc, mlp.c_proj; as begun by OpenCLIP.
    case clip
  }

  public let firstNorm: LayerNorm
  public let attention: MultiHeadAttention
  public let secondNorm: LayerNorm
  public let mlp: MLP
  let paths: [DropPath]

  /// - `depth`: Blocks of the whole transformer; OpenCLIP's initial deviations depend on it.
  /// - `dropPath`: Probability of leaving each half out for a sample.
  public init(
    _ width: Int, heads: Int, depth: Int, mlpRatio: Float = 4, isCausal: Bool = false,
    activation: Activation = .gelu, epsilon: Float, dropout: Float = 0, dropPath: Float = 0,
    names: Names, in scope: inout Scope
  ) {
    let hidden = Int(Float(width) * mlpRatio)
    switch names {
    case .timm:
      let small = Initializer.truncatedNormal(deviation: 0.02)
      firstNorm = LayerNorm(width, epsilon: epsilon, in: &scope["norm1"])
      attention = MultiHeadAttention(
        width, heads: heads, isCausal: isCausal, dropout: dropout, names: .timm, initial: small,
        outputInitial: small, in: &scope["attn"])
      secondNorm = LayerNorm(width, epsilon: epsilon, in: &scope["norm2"])
      mlp = MLP(
        width, hidden: hidden, activation: activation, dropout: dropout, initial: small,
        biasInitial: .zeros, in: &scope["mlp"])
    case .clip:
      let across = 1 / Float(width).squareRoot()
      let down = across / Float(2 * depth).squareRoot()
      firstNorm = LayerNorm(width, epsilon: epsilon, in: &scope["ln_1"])
      attention = MultiHeadAttention(
        width, heads: heads, isCausal: isCausal, dropout: dropout, names: .torch,
        initial: .normal(deviation: across), outputInitial: .normal(deviation: down),
        in: &scope["attn"])
      secondNorm = LayerNorm(width, epsilon: epsilon, in: &scope["ln_2"])
      mlp = MLP(
        width, hidden: hidden, activation: activation, dropout: dropout, names: ("c_fc", "c_proj"),
        initial: .normal(deviation: 1 / Float(2 * width).squareRoot()),
        secondInitial: .normal(deviation: down), in: &scope["mlp"])
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
    let mixed = x + (try paths[0](attention(firstNorm(x), context: nil, mask: mask, pass), pass))
    return mixed + (try paths[1](mlp(secondNorm(mixed), pass), pass))
  }
}
