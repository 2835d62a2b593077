import Tensors

/// A U-Net (Ronneberger et al. 2015) with linear upsampling, under the names of
/// milesial/Pytorch-UNet: inc, down1 …, up1 …, outc.
///
/// Shapes: [B, spatial…, channels] → logits [B, spatial…, classes]; each spatial size at least
/// 2^levels. For sizes that are no multiples of that, maps are enlarged to their skip's size, where
/// the original pads.
public struct UNet: Layer {
  let first: DoubleConvolution
  let down: [DoubleConvolution]
  let up: [DoubleConvolution]
  /// 1×1, from features to logits.
  public let head: Convolution
  /// Channels of each map of `encoded`, the finest first.
  public let channels: [Int]
  let dimensions: Int

  /// - `inputs`: Channels of the image.
  /// - `width`: Channels of the finest level and of the features; they double with each level.
  /// - `levels`: How often the size is halved.
  /// - `dropout`: Inside every pair of convolutions.
  /// - `dimensions`: Spatial axes, 1 to 3.
  public init(
    inputs: Int = 3, classes: Int, width: Int = 64, levels: Int = 4, dropout: Float = 0,
    normalization: Normalization = .batch, activation: Activation = .relu, dimensions: Int = 2,
    in scope: inout Scope
  ) {
    precondition(levels >= 1, "UNet \(scope.prefix): \(levels) levels")
    self.dimensions = dimensions
    func pair(
      _ inputs: Int, _ middle: Int, _ outputs: Int, in scope: inout Scope
    ) -> DoubleConvolution {
      DoubleConvolution(
        inputs, middle, outputs, dimensions: dimensions, dropout: dropout,
        normalization: normalization, activation: activation, in: &scope)
    }
    // The deepest level has half of what doubling would give: nothing is upsampled by weights.
    let channels = (0...levels).map { $0 == levels ? width << ($0 - 1) : width << $0 }
    first = pair(inputs, width, width, in: &scope["inc"])
    down = (1...levels).map { level in
      pair(
        channels[level - 1], channels[level], channels[level],
        in: &scope["down\(level).maxpool_conv.1"])
    }
    up = (1...levels).map { step in
      let level = levels - step
      let middle = channels[level]
      return pair(
        2 * middle, middle, level == 0 ? middle : middle / 2, in: &scope["up\(step).conv"])
    }
    head = Convolution(width, classes, kernel: 1, dimensions: dimensions, in: &scope["outc.conv"])
    self.channels = channels
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    head(try features(x, pass))
  }

  /// What the head sees: [B, spatial…, width].
  public func features(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    try decoded(try encoded(x, pass), pass)
  }

  /// The encoder's maps, the finest first, each of half the last one's size.
  public func encoded(_ x: Tensor, _ pass: Forward) throws -> [Tensor] {
    precondition(
      x.rank == dimensions + 2 && x.shape[1..<x.rank - 1].allSatisfy { $0 >> down.count >= 1 },
      "UNet: \(x.shape) cannot be halved \(down.count) times along \(dimensions) axes")
    var maps = [try first(x, pass)]
    for level in down { maps.append(try level(maxPool(maps[maps.count - 1], kernel: 2), pass)) }
    return maps
  }

  /// From the encoder's maps to the features.
  public func decoded(_ maps: [Tensor], _ pass: Forward) throws -> Tensor {
    var y = maps[maps.count - 1]
    for (level, skip) in zip(up, maps.dropLast().reversed()) {
      let size = Array(skip.shape[1..<skip.rank - 1])
      let enlarged = resize(y, to: size, mode: .bilinear(alignCorners: true))
      y = try level(concatenated([skip, enlarged], axis: skip.rank - 1), pass)
    }
    return y
  }
}

/// (3×3 convolution, norm, activation) twice, at the same size.
struct DoubleConvolution: Layer {
  private let convolutions: [Convolution]
  private let norms: [any Layer]
  private let activation: Activation
  private let dropout: Dropout

  init(
    _ inputs: Int, _ middle: Int, _ outputs: Int, dimensions: Int, dropout: Float,
    normalization: Normalization, activation: Activation, in scope: inout Scope
  ) {
    let sizes = [inputs, middle, outputs]
    var (convolutions, norms): ([Convolution], [any Layer]) = ([], [])
    for index in 0..<2 {
      convolutions.append(
        Convolution(
          sizes[index], sizes[index + 1], kernel: 3, dimensions: dimensions, padding: 1,
          bias: normalization == .none, in: &scope["double_conv", 3 * index]))
      norms.append(
        normalization.layer(sizes[index + 1], in: &scope["double_conv", 3 * index + 1]))
    }
    self.convolutions = convolutions
    self.norms = norms
    self.activation = activation
    self.dropout = Dropout(dropout, in: &scope["dropout"])
  }

  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let middle = activation(try norms[0](convolutions[0](x), pass))
    return activation(try norms[1](convolutions[1](dropout(middle, pass)), pass))
  }
}
