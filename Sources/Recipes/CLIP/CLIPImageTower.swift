import Data
import Layers
import Tensors

/// The image tower, under the names of OpenCLIP's `visual`.
struct CLIPImageTower: Sendable {
  private enum Network: Sendable {
    case transformer(CLIPVisionTransformer)
    /// Names of OpenCLIP's towers with a trunk of another library: trunk, head.proj.
    case residual(ResNet, Linear)
    case convolution(ConvolutionalEncoder, Linear)
  }

  private let network: Network

  init(_ options: CLIPOptions, side: Int, in scope: inout Scope) {
    switch options.imageEncoder {
    case .vit:
      network = .transformer(
        CLIPVisionTransformer(
          side: side, patch: options.patch, width: options.width, depth: options.depth,
          heads: options.heads, outputs: options.embedding, dropout: options.dropout, in: &scope))
    case .resnet18:
      let trunk = ResNet(
        .resNet18, width: options.width, stem: side < 128 ? .small : .large,
        in: &scope["trunk"])
      network = .residual(
        trunk,
        Linear(trunk.channels[3], options.embedding, bias: false, in: &scope["head.proj"]))
    case .convolution:
      let widths = [options.width / 2, options.width, 2 * options.width]
      let trunk = ConvolutionalEncoder(widths: widths, in: &scope["trunk"])
      network = .convolution(
        trunk, Linear(widths[2], options.embedding, bias: false, in: &scope["head.proj"]))
    }
  }

  /// Shapes: [B, side, side, 3] → [B, d].
  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    switch network {
    case .transformer(let tower): try tower(x, pass)
    case .residual(let trunk, let head): head(try trunk.pooled(x, pass))
    case .convolution(let trunk, let head): head(try trunk(x, pass))
    }
  }
}

/// CLIP's vision transformer (Radford et al. 2021): a class token, norms before and after the
/// blocks, a projection without bias; names and initial deviations of OpenCLIP.
///
/// Shapes: [B, side, side, 3] → [B, outputs].
struct CLIPVisionTransformer: Layer {
  private let patches: Convolution
  private let classToken: Parameter  // [width]
  private let positions: Parameter  // [1 + grid, width]
  private let before: LayerNorm
  private let blocks: [TransformerBlock]
  private let after: LayerNorm
  private let projection: Parameter  // [width, outputs]
  private let dropout: Dropout

  /// Precondition: `side` is a multiple of `patch`.
  init(
    side: Int, patch: Int, width: Int, depth: Int, heads: Int, outputs: Int, dropout: Float,
    in scope: inout Scope
  ) {
    precondition(
      side % patch == 0, "CLIPVisionTransformer \(scope.prefix): patches of \(patch) in \(side)")
    let deviation = 1 / Float(width).squareRoot()
    patches = Convolution(
      3, width, kernel: patch, stride: patch, bias: false, in: &scope["conv1"])
    classToken = scope.parameter("class_embedding", [width], .normal(deviation: deviation))
    let grid = side / patch
    positions = scope.parameter(
      "positional_embedding", [grid * grid + 1, width], .normal(deviation: deviation))
    before = LayerNorm(width, in: &scope["ln_pre"])
    blocks = (0..<depth).map { index in
      TransformerBlock(
        width, heads: heads, depth: depth, epsilon: 1e-5, dropout: dropout, names: .clip,
        in: &scope["transformer.resblocks", index])
    }
    after = LayerNorm(width, in: &scope["ln_post"])
    projection = scope.parameter("proj", [width, outputs], .normal(deviation: deviation))
    self.dropout = Dropout(dropout, in: &scope["dropout"])
  }

  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let map = patches(x)
    let (batch, count, width) = (x.shape[0], map.shape[1] * map.shape[2], map.shape[3])
    let first = classToken.value.reshaped([1, 1, width]).broadcast(to: [batch, 1, width])
    var tokens = concatenated([first, map.reshaped([batch, count, width])], axis: 1)
    tokens = before(try dropout(tokens + positions.value, pass))
    for block in blocks { tokens = try block(tokens, pass) }
    let row = tokens.sliced(axis: 1, 0..<1).reshaped([batch, width])
    return matmul(after(row), projection.value)
  }
}
