import Layers
import Tensors

/// Backbone, projection head and classifier, under the published names: net, head.head, fc.
struct CoNeNetwork: Sendable {
  private let net: ResNet
  private let head: CoNeHead?
  private let fc: Linear
  /// Of the embedding.
  let dimension: Int

  init(_ options: CoNeOptions, classes: Int, in scope: inout Scope) {
    net = ResNet(
      options.backbone.depth, width: options.width, stem: options.stem == .large ? .large : .small,
      in: &scope["net"])
    let features = net.channels[3]
    head =
      options.layers > 0
      ? CoNeHead(
        features, hidden: options.hiddenWidth(of: features), outputs: options.dim,
        layers: options.layers, isNormalized: options.useBn, in: &scope["head.head"])
      : nil
    dimension = head == nil ? features : options.dim
    fc = Linear(dimension, classes, in: &scope["fc"])
  }

  /// The embedding at unit length, z, and the class scores, which are of the embedding as it is.
  ///
  /// Shapes: images [B, side, side, 3] → [B, d], [B, C].
  func callAsFunction(
    _ images: Tensor, _ pass: Forward
  ) throws -> (embeddings: Tensor, logits: Tensor) {
    let features = try net.pooled(images, pass)
    let embedding = try head?(features, pass) ?? features
    return (l2Normalized(embedding), fc(embedding))
  }
}

/// Linear, batch norm, ReLU for each hidden layer, then linear; numbered as in a torch.nn.Sequential.
struct CoNeHead: Layer {
  private let hidden: [(linear: Linear, norm: BatchNorm?)]
  private let last: Linear

  init(
    _ inputs: Int, hidden width: Int, outputs: Int, layers: Int, isNormalized: Bool,
    in scope: inout Scope
  ) {
    let pitch = isNormalized ? 3 : 2
    hidden = (0..<layers).map { layer in
      (
        Linear(layer == 0 ? inputs : width, width, in: &scope["\(pitch * layer)"]),
        isNormalized ? BatchNorm(width, in: &scope["\(pitch * layer + 1)"]) : nil
      )
    }
    last = Linear(width, outputs, in: &scope["\(pitch * layers)"])
  }

  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    var y = x
    for (linear, norm) in hidden {
      y = linear(y)
      if let norm { y = try norm(y, pass) }
      y = relu(y)
    }
    return last(y)
  }
}
