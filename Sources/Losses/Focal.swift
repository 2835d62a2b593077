import Collectives
import Tensors

/// Focal loss: cross entropy scaled by (1 − p)^γ, so easy rows count little (Lin et al. 2017, eq. 4).
///
/// L = −1/N Σ (1 − pᵢ)^γ log pᵢ over the N counted rows of the global batch, p the softmax at the
/// label; divided by all counted rows, where the paper divides by matched anchors.
/// Shapes: `logits` [n, c], `labels` [n].
public struct Focal: Sendable {
  /// γ, at least 0; 0 is cross entropy.
  public var focus: Float
  public var ignored: Int32?

  public init(focus: Float = 2, ignored: Int32? = nil) {
    self.focus = focus
    self.ignored = ignored
  }

  /// - Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    logits: Tensor, labels: IntTensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    try checkLabels(logits, labels, ignored: ignored, "Focal")
    guard focus >= 0, focus.isFinite else {
      throw LossError.outOfRange(loss: "Focal", setting: "focus", value: focus)
    }
    let entropy = crossEntropyRows(logits, labels, ignoring: ignored)  // −log p
    let count = labels.elements.count { $0 != ignored }
    guard focus > 0 else { return try .mean(of: entropy.sum(), count: count, over: exchange) }
    // 1 − p rounds to 0 for sure rows, where the power's logarithm would not be finite.
    let doubt = maximum(1 - exp(-entropy), 1e-7)
    return try .mean(of: (pow(doubt, focus) * entropy).sum(), count: count, over: exchange)
  }
}
