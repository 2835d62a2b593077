import Tensors

/// Leaves a residual branch out for whole samples in training, and scales the others by 1/(1 − rate)
/// (Huang et al. 2016). Draws are keyed by sample.
///
/// Shapes: [B, ...] → the same.
public struct DropPath: Layer {
  public let rate: Float
  let purpose: String

  /// Declares nothing; `scope` names the random stream.
  public init(_ rate: Float, in scope: inout Scope) {
    precondition((0..<1).contains(rate), "DropPath \(scope.prefix): rate \(rate) is not in 0 ..< 1")
    self.rate = rate
    purpose = scope.prefix
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    guard pass.isTraining, rate > 0 else { return x }
    return dropPath(x, rate: rate, key: pass.key(purpose), rows: pass.rowNumbers(x.shape[0]))
  }
}
