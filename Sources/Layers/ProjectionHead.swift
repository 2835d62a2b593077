import Tensors

/// Linear, activation, linear, then unit length: from features to the space that is contrasted
/// (Chen et al. 2020).
///
/// Shapes: [..., inputs] → [..., outputs], rows of length 1. Names as in a torch.nn.Sequential:
/// 0, 2; with normalisation 0, 1, 3.
public struct ProjectionHead: Layer {
  public let first: Linear
  public let norm: any Layer
  public let second: Linear
  let activation: Activation
  let isNormalized: Bool

  /// - `hidden`: Width between; that of the input by default.
  /// - `normalization`: Between the first layer and the activation, over all rows.
  /// - `isNormalized`: Whether rows are scaled to unit length.
  public init(
    _ inputs: Int, _ outputs: Int, hidden: Int? = nil, activation: Activation = .relu,
    normalization: Normalization = .none, isNormalized: Bool = true, in scope: inout Scope
  ) {
    let hidden = hidden ?? inputs
    first = Linear(inputs, hidden, in: &scope["0"])
    norm = normalization.layer(hidden, in: &scope["1"])
    second = Linear(hidden, outputs, in: &scope[normalization == .none ? "2" : "3"])
    self.activation = activation
    self.isNormalized = isNormalized
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let y = second(activation(try norm(first(x), pass)))
    return isNormalized ? l2Normalized(y) : y
  }
}
