import Tensors

/// Two linear layers with an activation between and dropout after both: a transformer's second half.
///
/// Shapes: [..., width] → [..., outputs]. Names: fc1, fc2 as timm's, c_fc, c_proj as OpenCLIP's,
/// intermediate.dense, output.dense as BERT's.
public struct MLP: Layer {
  public let first: Linear
  public let second: Linear
  let activation: Activation
  let dropouts: [Dropout]

  /// - `innerDropout`: After the activation; as `dropout`, which is that at the end, by default.
  public init(
    _ width: Int, hidden: Int, outputs: Int? = nil, activation: Activation = .gelu,
    dropout: Float = 0, innerDropout: Float? = nil, names: (String, String) = ("fc1", "fc2"),
    initial: Initializer? = nil,
    secondInitial: Initializer? = nil, biasInitial: Initializer? = nil, in scope: inout Scope
  ) {
    first = Linear(
      width, hidden, initial: initial, biasInitial: biasInitial, in: &scope[names.0])
    second = Linear(
      hidden, outputs ?? width, initial: secondInitial ?? initial, biasInitial: biasInitial,
      in: &scope[names.1])
    self.activation = activation
    dropouts = [
      Dropout(innerDropout ?? dropout, in: &scope["drop1"]), Dropout(dropout, in: &scope["drop2"]),
    ]
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let hidden = try dropouts[0](activation(first(x)), pass)
    return try dropouts[1](second(hidden), pass)
  }
}
