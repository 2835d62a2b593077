import Collectives
import Tensors

/// Soft Dice loss over classes, of the whole global batch (Milletari et al. 2016; Sudre et al. 2017).
///
/// L = 1 − mean_c (2 Σ p y + ε) / (Σ p + Σ y + ε), sums over all counted rows of all replicas.
/// Shapes: `logits` [n, c], `labels` [n]. Gradient: through the global sums.
public struct Dice: Sendable {
  /// ε, above 0; a class that occurs nowhere then has overlap near 1 once it is not predicted.
  public var smooth: Float
  public var ignored: Int32?

  public init(smooth: Float = 1, ignored: Int32? = nil) {
    self.smooth = smooth
    self.ignored = ignored
  }

  /// - Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    logits: Tensor, labels: IntTensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    try checkLabels(logits, labels, ignored: ignored, "Dice")
    guard smooth > 0, smooth.isFinite else {
      throw LossError.outOfRange(loss: "Dice", setting: "smooth", value: smooth)
    }
    let counted = Tensor(labels.elements.map { $0 == ignored ? 0 : 1 }).reshaped([-1, 1])
    let truth = oneHot(labels, logits.shape[1]) * counted
    let probabilities = softmax(logits) * counted
    let sums = try exchange.sum(
      stacked([
        (probabilities * truth).sum(axes: [0]), probabilities.sum(axes: [0]),
        truth.sum(axes: [0]),
      ]))  // [3, c]
    let overlap = (sums.rows(0..<1) * 2 + smooth) / (sums.rows(1..<2) + sums.rows(2..<3) + smooth)
    return .replicated(1 - overlap.mean(), over: exchange)
  }
}
