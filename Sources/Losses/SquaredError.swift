import Collectives
import Tensors

/// The mean of (a − b)² over all values of all replicas.
///
/// Shapes: alike, any. Gradient: reaches both.
public func squaredError(
  _ a: Tensor, _ b: Tensor, over exchange: any Exchange
) throws -> GlobalLoss {
  precondition(a.shape == b.shape, "squaredError: \(a.shape) and \(b.shape)")
  return try .mean(of: square(a - b).sum(), count: a.count, over: exchange)
}
