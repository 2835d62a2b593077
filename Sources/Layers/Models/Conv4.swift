import Tensors

/// The small encoder of few-shot learning (Vinyals et al. 2016): four blocks of 3×3 convolution with
/// bias, batch norm, ReLU and 2×2 max pooling.
///
/// Shapes: images [B, h, w, 3] → [B, h / 2^pools, w / 2^pools, width]. Names, as in FRN's code:
/// layers.i.layers.0 (convolution) and layers.i.layers.1 (norm) for i = 0, 3, 6, 9.
public struct Conv4: Layer {
  let convolutions: [Convolution]
  let norms: [BatchNorm]
  let pools: Int

  /// - `pools`: How many blocks, the first ones, end in pooling.
  public init(inputs: Int = 3, width: Int = 64, pools: Int = 4, in scope: inout Scope) {
    var (convolutions, norms): ([Convolution], [BatchNorm]) = ([], [])
    for block in 0..<4 {
      let name = "layers.\(3 * block).layers"
      convolutions.append(
        Convolution(
          block == 0 ? inputs : width, width, kernel: 3, padding: 1,
          initial: .heNormal(fan: 9 * width), in: &scope[name, 0]))
      norms.append(BatchNorm(width, in: &scope[name, 1]))
    }
    self.convolutions = convolutions
    self.norms = norms
    self.pools = pools
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    var y = x
    for (block, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      y = relu(try norm(convolution(y), pass))
      if block < pools { y = maxPool(y, kernel: 2) }
    }
    return y
  }
}
