import Tensors

/// The V-Net of semi-supervised segmentation (Milletari et al. 2016, as Luo et al. 2021 have it) with
/// two heads: one for classes, one for a level set.
///
/// Four times halved by strided convolutions and enlarged by transposed ones, skips are added, every
/// convolution has batch norm and ReLU, channels are dropped behind the deepest block and the last.
/// Names as in the published code: `block_one.conv.0`, `block_five_up.conv.0`, `out_conv`.
///
/// Shapes: [B, x, y, z, inputs], sides multiples of 16.
public struct VNet: Sendable {
  private let encoder: [VNetBlock]
  private let down: [VNetBlock]
  private let up: [VNetBlock]
  private let decoder: [VNetBlock]
  private let dropout: ChannelDropout
  private let levelSetHead: Convolution
  private let head: Convolution

  /// What the sides are multiples of.
  public static let factor = 16

  /// - `filters`: Channels of the finest level; they double with each level.
  /// - `dropout`: Probability of dropping a channel.
  public init(
    inputs: Int = 1, classes: Int = 1, filters: Int = 16, dropout: Float = 0.5,
    in scope: inout Scope
  ) {
    let names = [
      "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ].map { "block_\($0)" }
    let sizes = (0...4).map { filters << $0 }
    var (encoder, down): ([VNetBlock], [VNetBlock]) = ([], [])
    for (level, count) in [1, 2, 3, 3, 3].enumerated() {
      encoder.append(
        VNetBlock(
          level == 0 ? inputs : sizes[level], sizes[level], count: count,
          in: &scope[names[level]]))
      guard level < 4 else { continue }
      down.append(
        VNetBlock(sizes[level], sizes[level + 1], kind: .down, in: &scope[names[level] + "_dw"]))
    }
    var (up, decoder): ([VNetBlock], [VNetBlock]) = ([], [])
    for (step, count) in [3, 3, 2, 1].enumerated() {
      let level = 3 - step
      up.append(
        VNetBlock(sizes[level + 1], sizes[level], kind: .up, in: &scope[names[4 + step] + "_up"]))
      decoder.append(
        VNetBlock(sizes[level], sizes[level], count: count, in: &scope[names[5 + step]]))
    }
    (self.encoder, self.down, self.up, self.decoder) = (encoder, down, up, decoder)
    self.dropout = ChannelDropout(dropout, in: &scope["dropout"])
    levelSetHead = Convolution(
      filters, classes, kernel: 1, dimensions: 3, in: &scope["out_conv"])
    head = Convolution(filters, classes, kernel: 1, dimensions: 3, in: &scope["out_conv2"])
  }

  /// What both heads see: [B, x, y, z, filters].
  public func features(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    precondition(
      x.rank == 5 && x.shape[1...3].allSatisfy { $0 % Self.factor == 0 },
      "VNet: \(x.shape) has no three sides that are multiples of \(Self.factor)")
    var maps = [try encoder[0](x, pass)]
    for level in 1...4 {
      maps.append(try encoder[level](down[level - 1](maps[level - 1], pass), pass))
    }
    var y = try dropout(maps[4], pass)
    for step in 0..<4 {
      y = try decoder[step](up[step](y, pass) + maps[3 - step], pass)
    }
    return try dropout(y, pass)
  }

  /// Class scores: [B, x, y, z, classes].
  public func logits(_ features: Tensor) -> Tensor { head(features) }

  /// z in −1 … 1, negative inside: [B, x, y, z, classes].
  public func levelSet(_ features: Tensor) -> Tensor { tanh(levelSetHead(features)) }
}

/// Convolution, batch norm and ReLU, once or several times.
struct VNetBlock: Layer {
  enum Kind { case same, down, up }

  private let convolutions: [any PureLayer]
  private let norms: [BatchNorm]

  init(
    _ inputs: Int, _ outputs: Int, count: Int = 1, kind: Kind = .same, in scope: inout Scope
  ) {
    var (convolutions, norms): ([any PureLayer], [BatchNorm]) = ([], [])
    for index in 0..<count {
      let width = index == 0 ? inputs : outputs
      switch kind {
      case .same:
        convolutions.append(
          Convolution(
            width, outputs, kernel: 3, dimensions: 3, padding: 1, in: &scope["conv", 3 * index]))
      case .down:
        convolutions.append(
          Convolution(
            width, outputs, kernel: 2, dimensions: 3, stride: 2, in: &scope["conv", 3 * index]))
      case .up:
        convolutions.append(
          TransposedConvolution(
            width, outputs, kernel: 2, dimensions: 3, stride: 2, in: &scope["conv", 3 * index]))
      }
      norms.append(BatchNorm(outputs, in: &scope["conv", 3 * index + 1]))
    }
    self.convolutions = convolutions
    self.norms = norms
  }

  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    try zip(convolutions, norms).reduce(x) { y, layers in
      relu(try layers.1(layers.0(y), pass))
    }
  }
}
