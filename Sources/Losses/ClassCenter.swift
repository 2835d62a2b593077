import Collectives
import Tensors

/// Cross entropy with the centres of the classes, smoothed as CoNe's code does it: the label gets
/// 1 − ε and each of the c − 1 others ε / (c − 1).
///
/// L = −1/B Σ oᵢ · log softmax(l_i). Unlike `CrossEntropy`, the divisor counts rows that are left out.
/// Shapes: `logits` [n, c], `labels` [n].
public struct ClassCenter: Sendable {
  /// ε.
  public var smoothing: Float

  public init(smoothing: Float = 0) { self.smoothing = smoothing }

  /// `counted`: Which rows contribute, [n]; all without it.
  ///
  /// Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    logits: Tensor, labels: IntTensor, counted: ByteTensor? = nil, over exchange: any Exchange
  ) throws -> GlobalLoss {
    try checkLabels(logits, labels, ignored: nil, "ClassCenter")
    guard (0...1).contains(smoothing) else {
      throw LossError.outOfRange(loss: "ClassCenter", setting: "smoothing", value: smoothing)
    }
    let classes = logits.shape[1]
    // The rows spread their share over all classes, the label's among them.
    let spread = classes > 1 ? smoothing * Float(classes) / Float(classes - 1) : 0
    let rows = crossEntropyRows(logits, labels, smoothing: spread)
    let shown = counted.map { select($0, rows, 0) } ?? rows
    return try GlobalLoss.mean(of: shown.sum(), count: logits.shape[0], over: exchange)
  }
}
