import Tensors

/// Normalises each channel of each sample over space (Ulyanov et al. 2016).
///
/// Shapes: [B, spatial…, channels] → the same; `weight`, `bias` [channels] if `affine`, which is off
/// by default, as in torch.nn.InstanceNorm2d.
public struct InstanceNorm: PureLayer {
  public let weight: Parameter?
  public let bias: Parameter?
  let epsilon: Float

  public init(_ channels: Int, affine: Bool = false, epsilon: Float = 1e-5, in scope: inout Scope) {
    weight = affine ? scope.parameter("weight", [channels], .ones) : nil
    bias = affine ? scope.parameter("bias", [channels], .zeros) : nil
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    instanceNorm(x, weight: weight?.value, bias: bias?.value, epsilon: epsilon)
  }
}
