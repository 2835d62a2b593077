import Tensors

/// Scaled dot-product attention of several heads, with its projections (Vaswani et al. 2017).
///
/// Shapes: `x` [B, N, width] → the same; `context` [B, M, width]. Queries, keys and values are the
/// three parts of one projection [3·width, width].
public struct MultiHeadAttention: Layer {
  /// What the projections are called.
  public enum Names: Sendable {
    /// qkv.weight, qkv.bias, proj.weight, proj.bias.
    case timm
    /// in_proj_weight, in_proj_bias, out_proj.weight, out_proj.bias, as torch.nn.MultiheadAttention.
    case torch
  }

  public let packedWeight: Parameter  // [3·width, width]
  public let packedBias: Parameter?  // [3·width]
  public let output: Linear
  public let heads: Int
  let isCausal: Bool
  let dropout: Dropout

  /// - `isCausal`: Position i sees positions 0 ... i only.
  /// - `dropout`: After the output projection.
  /// - `initial`: Of the packed projection; Glorot uniform by default.
  public init(
    _ width: Int, heads: Int, isCausal: Bool = false, bias: Bool = true, dropout: Float = 0,
    names: Names = .torch, initial: Initializer? = nil, outputInitial: Initializer? = nil,
    in scope: inout Scope
  ) {
    precondition(
      heads > 0 && width % heads == 0,
      "MultiHeadAttention \(scope.prefix): \(heads) heads of width \(width)")
    let packed = initial ?? .xavierUniform(fanIn: width, fanOut: 3 * width)
    switch names {
    case .timm:
      packedWeight = scope.parameter("qkv.weight", [3 * width, width], packed)
      packedBias = bias ? scope.parameter("qkv.bias", [3 * width], .zeros) : nil
      output = Linear(
        width, width, initial: outputInitial, biasInitial: .zeros, in: &scope["proj"])
    case .torch:
      packedWeight = scope.parameter("in_proj_weight", [3 * width, width], packed)
      packedBias = bias ? scope.parameter("in_proj_bias", [3 * width], .zeros) : nil
      output = Linear(
        width, width, bias: bias, initial: outputInitial, biasInitial: .zeros,
        in: &scope["out_proj"])
    }
    self.heads = heads
    self.isCausal = isCausal
    self.dropout = Dropout(dropout, in: &scope["drop"])
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    try self(x, context: nil, mask: nil, pass)
  }

  /// - `context`: Where keys and values come from; `x` itself by default.
  /// - `mask`: Added to the scores, as `attention` takes it.
  public func callAsFunction(
    _ x: Tensor, context: Tensor?, mask: Tensor?, _ pass: Forward
  ) throws -> Tensor {
    let width = x.shape[2]
    let parts: [Tensor]
    if let context {
      parts = split(project(x, 0..<1), 1) + split(project(context, 1..<3), 2)
    } else {
      parts = split(project(x, 0..<3), 3)
    }
    let mixed = attention(parts[0], parts[1], parts[2], mask: mask, causal: isCausal)
    let joined = mixed.permuted([0, 2, 1, 3]).reshaped([x.shape[0], x.shape[1], width])
    return try dropout(output(joined), pass)
  }

  /// Some thirds of the packed projection.
  private func project(_ x: Tensor, _ thirds: Range<Int>) -> Tensor {
    let width = x.shape[2]
    let rows = thirds.lowerBound * width..<thirds.upperBound * width
    let isWhole = thirds.count == 3
    let weight = isWhole ? packedWeight.value : packedWeight.value.sliced(axis: 0, rows)
    let y = matmul(x, weight.transposed)
    guard let bias = packedBias?.value else { return y }
    return y + (isWhole ? bias : bias.sliced(axis: 0, rows))
  }

  /// [B, N, parts·width] → parts of [B, heads, N, width/heads].
  private func split(_ x: Tensor, _ parts: Int) -> [Tensor] {
    let (batch, length) = (x.shape[0], x.shape[1])
    let size = x.shape[2] / parts / heads
    let apart = x.reshaped([batch, length, parts, heads, size]).permuted([2, 0, 3, 1, 4])
    return (0..<parts).map {
      apart.sliced(axis: 0, $0..<$0 + 1).reshaped([batch, heads, length, size])
    }
  }
}
