import Tensors

/// A row of a table for each index.
///
/// Shapes: indices [...] → [..., width]; `weight` [count, width], as in torch.nn.Embedding.
public struct Embedding: Sendable {
  public let weight: Parameter

  /// - `initial`: Standard normal by default, as torch's.
  public init(
    _ count: Int, _ width: Int, initial: Initializer = .normal(deviation: 1),
    in scope: inout Scope
  ) {
    weight = scope.parameter("weight", [count, width], initial)
  }

  /// The table of a vocabulary of `base` symbols and some that were added.
  ///
  /// Weights from a file fit if they have `base` rows, or one for each symbol: `Arena.load`.
  public init(
    vocabulary base: Int, adding added: [Initializer.AddedRow], _ width: Int, deviation: Float,
    in scope: inout Scope
  ) {
    weight = scope.parameter(
      "weight", [base + added.count, width],
      .vocabulary(base: base, added: added, deviation: deviation))
  }

  /// Precondition: every index is in 0 ..< count.
  public func callAsFunction(_ indices: IntTensor) -> Tensor {
    embedding(weight.value, indices)
  }
}
