import Data
import Layers
import Tensors

/// Features for each pixel, a linear head for classes and one for embeddings.
struct SegmentModel: Sendable {
  private enum Backbone: Sendable {
    case unet(UNet)
    case pyramid(ResNet, SegmentDecoder)
    case patches(VisionTransformer, SegmentDecoder)
  }

  private let backbone: Backbone
  private let head: Convolution
  let embedding: Linear?

  init(_ options: SegmentOptions, size: ImageSize, classes: Int, in scope: inout Scope) {
    let (width, normalization) = (options.width, options.normalization.layer)
    switch options.encoder {
    case .unet:
      let unet = UNet(
        classes: classes, width: width, levels: options.levels, dropout: options.dropout,
        normalization: normalization, in: &scope)
      backbone = .unet(unet)
      head = unet.head
    case .resnet18:
      let network = ResNet(
        .resNet18, width: width, stem: min(size.height, size.width) < 128 ? .small : .large,
        normalization: normalization, in: &scope["backbone"])
      let decoder = SegmentDecoder(
        inputs: network.channels, width: width, dropout: options.dropout,
        normalization: normalization, in: &scope["decoder"])
      backbone = .pyramid(network, decoder)
      head = Convolution(width, classes, kernel: 1, in: &scope["head"])
    case .vit:
      let network = VisionTransformer(
        imageSize: (size.height, size.width), patch: options.patch, width: 8 * width,
        depth: options.depth, heads: max(1, width / 4), pooling: .mean, dropout: options.dropout,
        in: &scope["backbone"])
      let decoder = SegmentDecoder(
        inputs: [8 * width], width: width, dropout: options.dropout,
        normalization: normalization, in: &scope["decoder"])
      backbone = .patches(network, decoder)
      head = Convolution(width, classes, kernel: 1, in: &scope["head"])
    }
    embedding =
      options.contrastWeight > 0
      ? Linear(width, options.embedding, in: &scope["embedding"]) : nil
  }

  /// Shapes: [B, h, w, 3] → [B, h′, w′, width]; a U-Net keeps the size, the others divide it.
  func features(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    switch backbone {
    case .unet(let unet): try unet.features(x, pass)
    case .pyramid(let network, let decoder): try decoder(try network.features(x, pass), pass)
    case .patches(let network, let decoder): try decoder([try network.features(x, pass)], pass)
    }
  }

  /// Class scores of features, at another size: [B, h′, w′, width] → [B, size, classes].
  func logits(_ features: Tensor, size: ImageSize) -> Tensor {
    let scores = head(features)
    let target = [size.height, size.width]
    guard Array(scores.shape[1...2]) != target else { return scores }
    return resize(scores, to: target, mode: .bilinear(alignCorners: false))
  }
}

/// Maps of several sizes become one of the finest's: 1×1 convolutions, sums from coarse to fine,
/// then 3×3 with norm and ReLU (Kirillov et al. 2019, one path).
struct SegmentDecoder: Sendable {
  private let laterals: [Convolution]
  private let smooth: Convolution
  private let norm: any Layer
  private let dropout: Dropout

  /// - `inputs`: Channels of each map, the finest first.
  init(
    inputs: [Int], width: Int, dropout: Float, normalization: Layers.Normalization,
    in scope: inout Scope
  ) {
    laterals = inputs.enumerated().map { index, channels in
      Convolution(channels, width, kernel: 1, in: &scope["lateral", index])
    }
    smooth = Convolution(
      width, width, kernel: 3, padding: 1, bias: normalization == .none, in: &scope["smooth"])
    switch normalization {
    case .batch: norm = BatchNorm(width, in: &scope["norm"])
    case .instance: norm = InstanceNorm(width, affine: true, in: &scope["norm"])
    case .group(let groups): norm = GroupNorm(groups, width, in: &scope["norm"])
    case .none: norm = Activation.identity
    }
    self.dropout = Dropout(dropout, in: &scope["dropout"])
  }

  func callAsFunction(_ maps: [Tensor], _ pass: Forward) throws -> Tensor {
    var y: Tensor?
    for (lateral, map) in zip(laterals, maps).reversed() {
      let own = lateral(map)
      guard let coarse = y else {
        y = own
        continue
      }
      y = own + resize(coarse, to: Array(own.shape[1...2]), mode: .bilinear(alignCorners: false))
    }
    guard let y else { preconditionFailure("SegmentDecoder: no maps") }
    return try dropout(relu(try norm(smooth(y), pass)), pass)
  }
}

extension SegmentNormalization {
  fileprivate var layer: Layers.Normalization {
    switch self {
    case .batch: .batch
    case .instance: .instance
    case .none: .none
    }
  }
}
