import Layers
import Tensors

/// Backbone, channel attention and what compares queries with classes.
struct TDMModel: Sendable {
  private enum Backbone: Sendable {
    case conv4(Conv4)
    case resnet12(ResNet12)
  }

  private let backbone: Backbone
  /// d.
  let channels: Int
  /// Factor on the features.
  private let factor: Float
  /// nil for the baseline.
  let attention: ChannelAttention?
  let head: any MetricHead

  /// r = 25.
  static let mapSide = 5

  init(_ options: TDMOptions, in scope: inout Scope) {
    switch options.backbone {
    case .conv4:
      backbone = .conv4(
        Conv4(width: options.width, pools: options.pools, in: &scope["feature_extractor"]))
      channels = options.width
    case .resnet12:
      let network = ResNet12(
        width: options.width, rate: options.dropout, callsPerStep: options.dropBlockCalls,
        in: &scope["feature_extractor"])
      backbone = .resnet12(network)
      channels = network.channels
    }
    let isLarge = options.backbone == .resnet12
    attention = ChannelAttention(options.tdm, channels: channels, in: &scope["TDM"])
    switch options.head {
    case .protonet:
      factor = 1
      head = ProtoNetHead(isPooled: isLarge, in: &scope)
    case .frn:
      factor = isLarge ? 1 / Float(channels).squareRoot() : 1
      head = FRNHead(in: &scope)
    }
  }

  /// Shapes: images [B, side, side, 3] → [B, r, d].
  func maps(_ images: Tensor, _ pass: Forward) throws -> Tensor {
    let map =
      switch backbone {
      case .conv4(let network): try network(images, pass)
      case .resnet12(let network): try network(images, pass)
      }
    let rows = map.reshaped([images.shape[0], Self.mapSide * Self.mapSide, channels])
    return factor == 1 ? rows : rows * factor
  }

  /// Distances of queries from classes, and the weights they were taken with (nil for the baseline).
  ///
  /// Shapes: supports [way, shot, r, d] of the whole episode, queries [n, r, d] of this replica →
  /// [n, way] and [n, way, d].
  func distances(
    supports: Tensor, queries: Tensor, _ pass: Forward, noise: ChannelAttention.Noise? = nil
  ) throws -> (distances: Tensor, weights: Tensor?) {
    let weights = try attention?.weights(
      prototypes: prototypes(of: supports), queries: queries, pass, noise: noise)
    let byChannel = try head.channelDistances(supports: supports, queries: queries)
    return (weightedDistances(byChannel, weights: weights), weights)
  }

  /// −s · distance.
  func logits(_ distances: Tensor) -> Tensor { -(head.scale.value.reshaped([]) * distances) }
}
