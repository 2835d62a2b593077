import Tensors

/// A small encoder: stages of 3×3 convolution, norm, ReLU and 2×2 max pooling.
///
/// Shapes: images [B, height, width, channels] → [B, last width], the mean over space. Names:
/// stages.i.conv, stages.i.norm.
public struct ConvolutionalEncoder: Layer {
  let convolutions: [Convolution]
  let norms: [any Layer]

  /// - `widths`: Channels of each stage; each halves the size.
  public init(
    inputs: Int = 3, widths: [Int] = [32, 64, 128], normalization: Normalization = .batch,
    in scope: inout Scope
  ) {
    var (convolutions, norms): ([Convolution], [any Layer]) = ([], [])
    for (index, width) in widths.enumerated() {
      let before = index == 0 ? inputs : widths[index - 1]
      convolutions.append(
        Convolution(
          before, width, kernel: 3, padding: 1, bias: normalization == .none,
          initial: .heNormal(fan: 9 * width), in: &scope["stages.\(index).conv"]))
      norms.append(normalization.layer(width, in: &scope["stages.\(index).norm"]))
    }
    self.convolutions = convolutions
    self.norms = norms
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    globalAveragePool(try features(x, pass))
  }

  /// The last stage's map: [B, height / 2^stages, width / 2^stages, last width].
  public func features(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    var y = x
    for (convolution, norm) in zip(convolutions, norms) {
      y = maxPool(relu(try norm(convolution(y), pass)), kernel: 2)
    }
    return y
  }
}
