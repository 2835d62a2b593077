import Tensors

/// Zeroes elements with probability `rate` in training and scales the rest by 1/(1 − rate)
/// (Srivastava et al. 2014). Draws are keyed by sample, so they do not depend on hosting.
///
/// Shapes: [B, ...] → the same.
public struct Dropout: Layer {
  public let rate: Float
  let purpose: String

  /// Declares nothing; `scope` names the random stream.
  public init(_ rate: Float, in scope: inout Scope) {
    precondition((0..<1).contains(rate), "Dropout \(scope.prefix): rate \(rate) is not in 0 ..< 1")
    self.rate = rate
    purpose = scope.prefix
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    guard pass.isTraining, rate > 0 else { return x }
    return dropout(x, rate: rate, key: pass.key(purpose), rows: pass.rowNumbers(x.shape[0]))
  }
}
