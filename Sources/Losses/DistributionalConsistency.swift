import Collectives
import Tensors

/// Wants the prediction of a row to be the mean of the predictions of all that is in a queue, weighted
/// by similarity (CoNe, Zheng et al. 2023).
///
/// a_ij = softmax over the whole queue of k_i·Q_j / T, P̄_i = Σ a_ij P_j,
/// L = 1/B Σ KL(P̄_i ‖ softmax(l_i)), 0 log 0 = 0. The gradient reaches the logits alone.
public struct DistributionalConsistency: Sendable {
  /// T.
  public var temperature: Float

  public init(temperature: Float = 0.07) { self.temperature = temperature }

  /// P̄, a constant.
  ///
  /// Shapes: key [n, d], queue [K, d], unit rows; distributions [K, c] → [n, c].
  /// Throws: `LossError`.
  public func target(key: Tensor, queue: Tensor, distributions: Tensor) throws -> Tensor {
    precondition(
      key.rank == 2 && queue.rank == 2 && key.shape[1] == queue.shape[1]
        && distributions.rank == 2 && distributions.shape[0] == queue.shape[0],
      "DistributionalConsistency: key \(key.shape), queue \(queue.shape), distributions "
        + "\(distributions.shape)")
    try checkRows(key, "DistributionalConsistency", "key", unit: true)
    try checkTemperature(temperature, "DistributionalConsistency")
    return withoutRecording {
      matmul(softmax(matmul(key, queue.transposed) / temperature), distributions)
    }
  }

  /// Shapes: logits and target [n, c], `counted` [n], all without it; the divisor is the number of all
  /// rows.
  ///
  /// Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    logits: Tensor, target: Tensor, counted: ByteTensor? = nil, over exchange: any Exchange
  ) throws -> GlobalLoss {
    precondition(
      logits.rank == 2 && target.shape == logits.shape,
      "DistributionalConsistency: logits \(logits.shape), target \(target.shape)")
    try checkRows(logits, "DistributionalConsistency", "logits", unit: false)
    let target = target.detached
    let entropy = target * log(select(greater(target, 0), target, 1))
    let rows = (entropy - target * logSoftmax(logits)).sum(axes: [1])
    let shown = counted.map { select($0, rows, 0) } ?? rows
    return try GlobalLoss.mean(of: shown.sum(), count: logits.shape[0], over: exchange)
  }
}
