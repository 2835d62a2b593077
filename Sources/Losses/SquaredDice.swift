import Collectives
import Tensors

/// Soft Dice loss of one class with squares in the denominator (Milletari et al. 2016), of the whole
/// global batch.
///
/// L = 1 − (2 Σ p y + ε) / (Σ p² + Σ y² + ε), sums over all voxels of all samples of all replicas
/// together: it is no mean of the samples' losses.
/// Shapes: `probabilities` and `truth` alike, any. Gradient: through the global sums.
public struct SquaredDice: Sendable {
  /// ε, above 0.
  public var smooth: Float

  public init(smooth: Float = 1e-5) { self.smooth = smooth }

  /// Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    _ probabilities: Tensor, truth: Tensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    precondition(
      probabilities.shape == truth.shape,
      "SquaredDice: probabilities \(probabilities.shape), truth \(truth.shape)")
    guard smooth > 0, smooth.isFinite else {
      throw LossError.outOfRange(loss: "SquaredDice", setting: "smooth", value: smooth)
    }
    let sums = try exchange.sum(
      stacked([
        (probabilities * truth).sum(), square(probabilities).sum(), square(truth).sum(),
      ]))  // [3]
    let overlap =
      (sums.rows(0..<1) * 2 + smooth) / (sums.rows(1..<2) + sums.rows(2..<3) + smooth)
    return .replicated(1 - overlap.sum(), over: exchange)
  }
}
