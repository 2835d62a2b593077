import Tensors

/// CLIP's own vision tower (Radford et al. 2021) under OpenCLIP's names: conv1, class_embedding,
/// positional_embedding, ln_pre, transformer.resblocks, ln_post, proj.
///
/// It differs from `VisionTransformer` by a norm before the blocks, patches without bias and a
/// projection at the end. Its blocks begin as those of the text tower.
///
/// Shapes: images [B, height, width, channels] → [B, outputs]. Images of other sizes than declared
/// are taken; the position embedding is then resampled. A method that puts something between the
/// blocks, such as deep prompts, calls `embedded`, then the `blocks` itself.
public struct CLIPVisionTransformer: Layer {
  public let patches: Convolution
  public let classToken: Parameter  // [width]
  public let positions: Parameter  // [1 + grid, width]
  public let firstNorm: LayerNorm
  public let blocks: [TransformerBlock]
  public let lastNorm: LayerNorm
  public let projection: Parameter  // [width, outputs]
  let patch: Int
  let grid: PatchGrid
  let dropout: Dropout

  /// - `imageSize`: Height and width in pixels; multiples of `patch`.
  /// - `patch`: Side of a patch in pixels.
  /// - `hidden`: Width between the linear layers of a block; 4 times the width by default.
  /// - `activation`: `.quickGELU` for OpenAI's weights.
  /// - `dropout`: After the position embedding and in the blocks.
  public init(
    imageSize: (height: Int, width: Int), patch: Int, width: Int, depth: Int, heads: Int,
    hidden: Int? = nil, outputs: Int, channels: Int = 3, activation: Activation = .gelu,
    dropout: Float = 0, in scope: inout Scope
  ) {
    let deviation = 1 / Float(width).squareRoot()
    self.patch = patch
    grid = PatchGrid(imageSize, patch: patch)
    patches = Convolution(
      channels, width, kernel: patch, stride: patch, bias: false, in: &scope["conv1"])
    classToken = scope.parameter("class_embedding", [width], .normal(deviation: deviation))
    positions = scope.parameter(
      "positional_embedding", [1 + grid.count, width], .normal(deviation: deviation))
    firstNorm = LayerNorm(width, in: &scope["ln_pre"])
    blocks = (0..<depth).map { index in
      TransformerBlock(
        width, heads: heads, depth: depth, hidden: hidden, activation: activation, epsilon: 1e-5,
        dropout: dropout, names: .clip, in: &scope["transformer.resblocks", index])
    }
    lastNorm = LayerNorm(width, in: &scope["ln_post"])
    projection = scope.parameter("proj", [width, outputs], .normal(deviation: deviation))
    self.dropout = Dropout(dropout, in: &scope["dropout"])
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let tokens = try tokens(x, pass)
    let first = tokens.sliced(axis: 1, 0..<1).reshaped([x.shape[0], tokens.shape[2]])
    return matmul(lastNorm(first), projection.value)
  }

  /// All tokens after the last block, the class token first: [B, 1 + patches, width].
  public func tokens(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    try blocks.reduce(embedded(x, pass)) { try $1($0, pass) }
  }

  /// All tokens before the first block: [B, 1 + patches, width].
  public func embedded(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    precondition(
      x.rank == 4 && x.shape[1] % patch == 0 && x.shape[2] % patch == 0,
      "CLIPVisionTransformer: patches of \(patch) in \(x.shape)")
    let map = patches(x)
    let (batch, width) = (x.shape[0], map.shape[3])
    let seen = [map.shape[1], map.shape[2]]
    let rows = map.reshaped([batch, seen[0] * seen[1], width])
    let first = classToken.value.broadcast(to: [batch, 1, width])
    let tokens = concatenated([first, rows], axis: 1) + grid.positions(positions.value, for: seen)
    return firstNorm(try dropout(tokens, pass))
  }
}
