import Tensors

/// Scaled dot-product attention of several heads, with its projections (Vaswani et al. 2017).
///
/// Shapes: `x` [B, N, width] → the same; `context` [B, M, width].
public struct MultiHeadAttention: Layer {
  /// What the projections are called.
  public enum Names: Sendable {
    /// qkv.weight, qkv.bias, proj.weight, proj.bias.
    case timm
    /// in_proj_weight, in_proj_bias, out_proj.weight, out_proj.bias, as torch.nn.MultiheadAttention.
    case torch
    /// self.query, self.key, self.value, output.dense, as the attention of Hugging Face's BERT.
    case bert
  }

  /// Queries, keys and values: one projection of three parts, or one for each.
  private enum Projections: Sendable {
    case packed(Parameter, Parameter?)
    case separate([Linear])
  }

  private let projections: Projections
  public let output: Linear
  public let heads: Int
  let isCausal: Bool
  let dropout: Dropout
  let weightDropout: Dropout

  /// [3·width, width], of names whose projections are packed.
  public var packedWeight: Parameter? {
    if case .packed(let weight, _) = projections { weight } else { nil }
  }

  /// [3·width], of names whose projections are packed.
  public var packedBias: Parameter? {
    if case .packed(_, let bias) = projections { bias } else { nil }
  }

  /// - `isCausal`: Position i sees positions 0 ... i only.
  /// - `bias`: Of queries, keys and values; with `.torch` of the output too.
  /// - `dropout`: After the output projection.
  /// - `weightDropout`: Of the attention's weights, after the softmax.
  /// - `initial`: Of the packed projection; Glorot uniform by default.
  public init(
    _ width: Int, heads: Int, isCausal: Bool = false, bias: Bool = true, dropout: Float = 0,
    weightDropout: Float = 0, names: Names = .torch, initial: Initializer? = nil,
    outputInitial: Initializer? = nil, in scope: inout Scope
  ) {
    precondition(
      heads > 0 && width % heads == 0,
      "MultiHeadAttention \(scope.prefix): \(heads) heads of width \(width)")
    let packed = initial ?? .xavierUniform(fanIn: width, fanOut: 3 * width)
    switch names {
    case .timm:
      projections = .packed(
        scope.parameter("qkv.weight", [3 * width, width], packed),
        bias ? scope.parameter("qkv.bias", [3 * width], .zeros) : nil)
      output = Linear(
        width, width, initial: outputInitial, biasInitial: .zeros, in: &scope["proj"])
    case .torch:
      projections = .packed(
        scope.parameter("in_proj_weight", [3 * width, width], packed),
        bias ? scope.parameter("in_proj_bias", [3 * width], .zeros) : nil)
      output = Linear(
        width, width, bias: bias, initial: outputInitial, biasInitial: .zeros,
        in: &scope["out_proj"])
    case .bert:
      projections = .separate(
        ["query", "key", "value"].map {
          Linear(
            width, width, bias: bias, initial: packed, biasInitial: .zeros,
            in: &scope["self.\($0)"])
        })
      output = Linear(
        width, width, initial: outputInitial, biasInitial: .zeros, in: &scope["output.dense"])
    }
    self.heads = heads
    self.isCausal = isCausal
    self.dropout = Dropout(dropout, in: &scope["drop"])
    self.weightDropout = Dropout(weightDropout, in: &scope["weight_drop"])
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    try self(x, context: nil, mask: nil, pass)
  }

  /// - `context`: Where keys and values come from; `x` itself by default.
  /// - `mask`: Added to the scores, as `attention` takes it.
  public func callAsFunction(
    _ x: Tensor, context: Tensor?, mask: Tensor?, _ pass: Forward
  ) throws -> Tensor {
    let parts: [Tensor]
    if let context {
      parts = project(x, 0..<1) + project(context, 1..<3)
    } else {
      parts = project(x, 0..<3)
    }
    let mixed = try mixed(parts, mask: mask, pass)
    let joined = mixed.permuted([0, 2, 1, 3]).reshaped(x.shape)
    return try dropout(output(joined), pass)
  }

  /// What the softmax is taken of, without mask: q·k / √(width/heads).
  ///
  /// Shapes: `x` [B, N, width] → [B, heads, N, N].
  public func scores(_ x: Tensor) -> Tensor {
    let parts = project(x, 0..<2)
    return matmul(parts[0], parts[1].transposed) * (1 / Float(parts[0].shape[3]).squareRoot())
  }

  private func mixed(_ parts: [Tensor], mask: Tensor?, _ pass: Forward) throws -> Tensor {
    guard pass.isTraining, weightDropout.rate > 0 else {
      return attention(parts[0], parts[1], parts[2], mask: mask, causal: isCausal)
    }
    // The fused operation never holds the weights that are to be dropped.
    var scores =
      matmul(parts[0], parts[1].transposed) * (1 / Float(parts[0].shape[3]).squareRoot())
    if let mask { scores = scores + mask }
    if isCausal {
      let (rows, columns) = (scores.shape[2], scores.shape[3])
      let later = (0..<rows * columns).map { $0 % columns > $0 / columns ? -Float.infinity : 0 }
      scores = scores + Tensor(later, shape: [rows, columns])
    }
    return matmul(try weightDropout(softmax(scores), pass), parts[2])
  }

  /// Some of queries, keys and values: [B, N, width] → of each [B, heads, N, width/heads].
  private func project(_ x: Tensor, _ parts: Range<Int>) -> [Tensor] {
    switch projections {
    case .packed(let weight, let bias):
      let width = x.shape[2]
      let rows = parts.lowerBound * width..<parts.upperBound * width
      let isWhole = parts.count == 3
      let used = isWhole ? weight.value : weight.value.sliced(axis: 0, rows)
      let y = matmul(x, used.transposed)
      guard let bias = bias?.value else { return split(y, parts.count) }
      return split(y + (isWhole ? bias : bias.sliced(axis: 0, rows)), parts.count)
    case .separate(let linears):
      return linears[parts].flatMap { split($0(x), 1) }
    }
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
