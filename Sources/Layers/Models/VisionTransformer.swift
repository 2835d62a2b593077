import Tensors

/// A vision transformer (Dosovitskiy et al. 2021) under timm's names: patch_embed.proj, cls_token,
/// pos_embed, blocks, norm (fc_norm with mean pooling), head.
///
/// Shapes: images [B, height, width, channels] → [B, classes], or [B, width] without classes. Images
/// of other sizes than declared are taken; the position embedding is then resampled. A method that
/// looks between the blocks calls `embedded`, then the `blocks` itself.
public struct VisionTransformer: Layer {
  /// How tokens become one row a sample.
  public enum Pooling: Sendable {
    case classToken
    /// The mean of the patches' tokens; there is then no class token.
    case mean
  }

  public let patches: Convolution
  public let classToken: Parameter?  // [1, 1, width]
  public let positions: Parameter  // [1, classToken + grid, width]
  public let blocks: [TransformerBlock]
  /// Over all tokens with a class token, over the pooled row with mean pooling.
  public let norm: LayerNorm
  public let head: Linear?
  let pooling: Pooling
  let patch: Int
  let grid: PatchGrid
  let dropout: Dropout

  /// - `imageSize`: Height and width in pixels; multiples of `patch`.
  /// - `patch`: Side of a patch in pixels.
  /// - `hidden`: Width between the linear layers of a block; `mlpRatio` times the width by default.
  /// - `bias`: Of queries, keys and values.
  /// - `classes`: Outputs of the head; `nil` for none.
  /// - `dropout`: After the position embedding and in the blocks.
  /// - `dropPath`: Of the last block; it rises linearly from 0 at the first.
  public init(
    imageSize: (height: Int, width: Int), patch: Int, width: Int, depth: Int, heads: Int,
    mlpRatio: Float = 4, hidden: Int? = nil, bias: Bool = true, channels: Int = 3,
    classes: Int? = nil, pooling: Pooling = .classToken, dropout: Float = 0, dropPath: Float = 0,
    in scope: inout Scope
  ) {
    self.patch = patch
    self.pooling = pooling
    grid = PatchGrid(imageSize, patch: patch)
    patches = Convolution(
      channels, width, kernel: patch, stride: patch, in: &scope["patch_embed.proj"])
    classToken =
      pooling == .classToken
      ? scope.parameter("cls_token", [1, 1, width], .normal(deviation: 1e-6)) : nil
    positions = scope.parameter(
      "pos_embed", [1, (pooling == .classToken ? 1 : 0) + grid.count, width],
      .truncatedNormal(deviation: 0.02))
    blocks = (0..<depth).map { index in
      TransformerBlock(
        width, heads: heads, depth: depth, mlpRatio: mlpRatio, hidden: hidden, bias: bias,
        epsilon: 1e-6, dropout: dropout,
        dropPath: depth > 1 ? dropPath * Float(index) / Float(depth - 1) : 0, names: .timm,
        in: &scope["blocks", index])
    }
    norm = LayerNorm(
      width, epsilon: 1e-6, in: &scope[pooling == .classToken ? "norm" : "fc_norm"])
    head = classes.map {
      Linear(
        width, $0, initial: .truncatedNormal(deviation: 0.02), biasInitial: .zeros,
        in: &scope["head"])
    }
    self.dropout = Dropout(dropout, in: &scope["pos_drop"])
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let row = try pooled(x, pass)
    return head?(row) ?? row
  }

  /// One row a sample, before the head: [B, width].
  public func pooled(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let tokens = try tokens(x, pass)
    switch pooling {
    case .classToken:
      return tokens.sliced(axis: 1, 0..<1).reshaped([x.shape[0], tokens.shape[2]])
    case .mean: return norm(tokens.mean(axes: [1]))
    }
  }

  /// The patches' tokens as a map: [B, height/patch, width/patch, width].
  public func features(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let tokens = try tokens(x, pass)
    let first = classToken == nil ? 0 : 1
    return tokens.sliced(axis: 1, first..<tokens.shape[1])
      .reshaped([x.shape[0], x.shape[1] / patch, x.shape[2] / patch, tokens.shape[2]])
  }

  /// All tokens after the last block (and norm, with a class token, which comes first).
  ///
  /// Shapes: [B, height, width, channels] → [B, tokens, width].
  public func tokens(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let tokens = try blocks.reduce(embedded(x, pass)) { try $1($0, pass) }
    return pooling == .classToken ? norm(tokens) : tokens
  }

  /// All tokens before the first block.
  ///
  /// Shapes: [B, height, width, channels] → [B, tokens, width].
  public func embedded(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    precondition(
      x.rank == 4 && x.shape[1] % patch == 0 && x.shape[2] % patch == 0,
      "VisionTransformer: patches of \(patch) in \(x.shape)")
    let map = patches(x)
    let (batch, width) = (x.shape[0], map.shape[3])
    let seen = [map.shape[1], map.shape[2]]
    var tokens = map.reshaped([batch, seen[0] * seen[1], width])
    if let classToken {
      tokens = concatenated(
        [classToken.value.broadcast(to: [batch, 1, width]), tokens], axis: 1)
    }
    tokens = tokens + grid.positions(positions.value.reshaped([-1, width]), for: seen)
    return try dropout(tokens, pass)
  }
}
