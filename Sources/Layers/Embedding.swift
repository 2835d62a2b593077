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

  /// Precondition: every index is in 0 ..< count.
  public func callAsFunction(_ indices: IntTensor) -> Tensor {
    embedding(weight.value, indices)
  }
}
