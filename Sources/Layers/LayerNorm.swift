import Tensors

/// Normalises each row over the last axis, then scales and shifts (Ba et al. 2016).
///
/// Shapes: [..., width] → the same; `weight`, `bias` [width], as in torch.nn.LayerNorm.
public struct LayerNorm: PureLayer {
  public let weight: Parameter
  public let bias: Parameter
  let epsilon: Float

  public init(_ width: Int, epsilon: Float = 1e-5, in scope: inout Scope) {
    weight = scope.parameter("weight", [width], .ones)
    bias = scope.parameter("bias", [width], .zeros)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    layerNorm(x, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}
