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
          imageSize: (side, side), patch: options.patch, width: options.width,
          depth: options.depth, heads: options.heads, outputs: options.embedding,
          activation: options.activation.layer, dropout: options.dropout, in: &scope))
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
