import Tensors

/// Normalises each sample over space and the channels of a group (Wu and He 2018).
///
/// Shapes: [B, spatial…, channels] → the same; `weight`, `bias` [channels], as in torch.nn.GroupNorm.
public struct GroupNorm: PureLayer {
  public let weight: Parameter
  public let bias: Parameter
  let groups: Int
  let epsilon: Float

  /// Precondition: `groups` divides `channels`.
  public init(_ groups: Int, _ channels: Int, epsilon: Float = 1e-5, in scope: inout Scope) {
    precondition(
      groups > 0 && channels % groups == 0,
      "GroupNorm \(scope.prefix): \(groups) groups of \(channels) channels")
    weight = scope.parameter("weight", [channels], .ones)
    bias = scope.parameter("bias", [channels], .zeros)
    self.groups = groups
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    groupNorm(x, groups: groups, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}
