import Tensors

/// The residual network of few-shot learning (Lee et al. 2019): four blocks of three 3×3 convolutions
/// with a 1×1 shortcut, leaky ReLU and 2×2 max pooling; dropout after the first two, DropBlock after
/// the others.
///
/// Shapes: images [B, h, w, 3] → [B, h / 16, w / 16, 10·width]; widths are 1, 2.5, 5 and 10 times
/// `width`. Names: layerI.0.conv1 … bn3, layerI.0.downsample.0 and .1.
public struct ResNet12: Layer {
  let blocks: [ResNet12Block]
  /// Of the last map.
  public let channels: Int

  /// - `width`: Channels of the first block, even.
  /// - `rate`: Of dropout and DropBlock.
  /// - `callsPerStep`: See `DropBlock`.
  public init(
    inputs: Int = 3, width: Int = 64, rate: Float = 0.1, callsPerStep: Int = 1,
    in scope: inout Scope
  ) {
    let widths = [width, 5 * width / 2, 5 * width, 10 * width]
    blocks = (0..<4).map { index in
      ResNet12Block(
        index == 0 ? inputs : widths[index - 1], widths[index], rate: rate,
        dropsBlocks: index >= 2, callsPerStep: callsPerStep, in: &scope["layer\(index + 1)", 0])
    }
    channels = widths[3]
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    try blocks.reduce(x) { try $1($0, pass) }
  }
}

struct ResNet12Block: Layer {
  private let convolutions: [Convolution]
  private let norms: [BatchNorm]
  private let shortcut: Convolution
  private let shortcutNorm: BatchNorm
  private let drop: any Layer

  init(
    _ inputs: Int, _ width: Int, rate: Float, dropsBlocks: Bool, callsPerStep: Int,
    in scope: inout Scope
  ) {
    var (convolutions, norms): ([Convolution], [BatchNorm]) = ([], [])
    for index in 0..<3 {
      convolutions.append(
        Convolution(
          index == 0 ? inputs : width, width, kernel: 3, padding: 1, bias: false,
          initial: .heNormal(fan: 9 * width), in: &scope["conv\(index + 1)"]))
      norms.append(BatchNorm(width, in: &scope["bn\(index + 1)"]))
    }
    self.convolutions = convolutions
    self.norms = norms
    shortcut = Convolution(
      inputs, width, kernel: 1, bias: false, initial: .heNormal(fan: width),
      in: &scope["downsample", 0])
    shortcutNorm = BatchNorm(width, in: &scope["downsample", 1])
    drop =
      dropsBlocks
      ? DropBlock(rate, callsPerStep: callsPerStep, in: &scope["dropblock"])
      : Dropout(rate, in: &scope["dropout"])
  }

  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    var y = x
    for (index, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      y = try norm(convolution(y), pass)
      if index < 2 { y = leakyReLU(y, slope: 0.1) }
    }
    y = leakyReLU(y + (try shortcutNorm(shortcut(x), pass)), slope: 0.1)
    return try drop(maxPool(y, kernel: 2), pass)
  }
}
