import Tensors

/// `y = x Wᵀ + b` over the last axis, so for tokens and pixels alike.
///
/// Shapes: `x` [..., in] → [..., out]; `weight` [out, in], `bias` [out], as in torch.nn.Linear.
public struct Linear: PureLayer {
  public let weight: Parameter
  public let bias: Parameter?

  /// - `afterFlatten`: The layer reads a flattened [height, width, channels]; the ecosystem flattens
  ///   [channels, height, width], so files hold the columns in that order.
  /// - `initial`: Of the weight; uniform in ±1/√in by default, as torch's.
  /// - `biasInitial`: Likewise.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true,
    afterFlatten: (height: Int, width: Int, channels: Int)? = nil, initial: Initializer? = nil,
    biasInitial: Initializer? = nil, in scope: inout Scope
  ) {
    var layout = ParameterLayout.plain
    if let from = afterFlatten {
      precondition(
        from.height * from.width * from.channels == inputs,
        "Linear \(scope.prefix): \(from) are not \(inputs) inputs")
      layout = .afterFlatten(height: from.height, width: from.width, channels: from.channels)
    }
    weight = scope.parameter(
      "weight", [outputs, inputs], initial ?? .uniform(fanIn: inputs), layout: layout)
    self.bias =
      bias ? scope.parameter("bias", [outputs], biasInitial ?? .uniform(fanIn: inputs)) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let y = matmul(x, weight.value.transposed)
    return bias.map { y + $0.value } ?? y
  }
}
