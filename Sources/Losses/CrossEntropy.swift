import Collectives
import Tensors

/// Cross entropy of each row with its class, divided by the global weight of the counted rows.
///
/// L = Σ wᵢ ((1 − ε)(lse − x_label) + ε·mean(lse − x)) / Σ wᵢ, w the class weight of the label.
/// Shapes: `logits` [n, c], `labels` [n]; pixels are rows: flatten [B, H, W, c] first.
public struct CrossEntropy: Sendable {
  /// Rows with this label count nothing.
  public var ignored: Int32?
  /// ε, in 0 ..< 1.
  public var smoothing: Float
  /// One weight per class; all 1 if nil.
  public var classWeights: [Float]?

  public init(ignored: Int32? = nil, smoothing: Float = 0, classWeights: [Float]? = nil) {
    self.ignored = ignored
    self.smoothing = smoothing
    self.classWeights = classWeights
  }

  /// - Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    logits: Tensor, labels: IntTensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    try checkLabels(logits, labels, ignored: ignored, "CrossEntropy")
    guard smoothing >= 0, smoothing < 1 else {
      throw LossError.outOfRange(loss: "CrossEntropy", setting: "smoothing", value: smoothing)
    }
    precondition(
      classWeights.map { $0.count == logits.shape[1] } ?? true,
      "CrossEntropy: \(classWeights?.count ?? 0) weights for \(logits.shape[1]) classes")
    let rows = crossEntropyRows(logits, labels, ignoring: ignored, smoothing: smoothing)
    let weights = labels.elements.map { label -> Float in
      label == ignored ? 0 : classWeights?[Int(label)] ?? 1
    }
    let local = weights.reduce(0.0) { $0 + Double($1) }
    let total = try exchange.sum([local])[0]
    let weighted = classWeights == nil ? rows : rows * Tensor(weights)
    return GlobalLoss(share: total > 0 ? weighted.sum() / Float(total) : weighted.sum() * 0)
  }
}

/// Throws unless `logits` [n, c] are finite and each label is in 0 ..< c or the ignored one.
func checkLabels(
  _ logits: Tensor, _ labels: IntTensor, ignored: Int32?, _ loss: String
) throws {
  precondition(
    logits.rank == 2 && labels.shape == [logits.shape[0]],
    "\(loss): logits \(logits.shape), labels \(labels.shape)")
  try checkRows(logits, loss, "logits", unit: false)
  let classes = logits.shape[1]
  for (row, label) in labels.elements.enumerated() where label != ignored {
    guard label >= 0, label < classes else {
      throw LossError.label(loss: loss, row: row, label: label, classes: classes)
    }
  }
}
