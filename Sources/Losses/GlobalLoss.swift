import Collectives
import Tensors

/// One replica's share of a loss over the whole cluster's batch; all replicas' shares add up to it,
/// and so do the gradients of the shares.
///
/// There is no mean of means: a share is a local sum over a global count. A share's cotangent must
/// be the same number on all replicas, as it is when losses are weighted by constants and added.
public struct GlobalLoss: Sendable {
  /// A scalar.
  public let share: Tensor

  /// Precondition: `share` is a scalar.
  public init(share: Tensor) {
    precondition(share.count == 1, "GlobalLoss: share of shape \(share.shape)")
    // A constant share, of a replica without rows, has its place on the tape too: the backward pass
    // begins there on every replica.
    self.share = share.isTracked ? share.reshaped([]) : share.reshaped([]).tracked()
  }

  /// Σ `sum` / Σ `count` over all replicas. Zero, on all alike, when nothing was counted.
  public static func mean(
    of sum: Tensor, count: Int, over exchange: any Exchange
  ) throws -> GlobalLoss {
    GlobalLoss(share: sum / Float(max(1, try exchange.sum(count))))
  }

  /// A value that is equal on all replicas and counts once: replica 0 contributes it.
  ///
  /// The value must depend on other replicas only through recorded collectives; their adjoints then
  /// carry replica 0's cotangent to everyone.
  public static func replicated(_ value: Tensor, over exchange: any Exchange) -> GlobalLoss {
    GlobalLoss(share: exchange.replica == 0 ? value : value * 0)
  }

  public static func + (a: GlobalLoss, b: GlobalLoss) -> GlobalLoss {
    GlobalLoss(share: a.share + b.share)
  }

  public static func * (loss: GlobalLoss, weight: Float) -> GlobalLoss {
    GlobalLoss(share: loss.share * weight)
  }

  public static func * (weight: Float, loss: GlobalLoss) -> GlobalLoss { loss * weight }
}

/// Input a loss refuses, found before anything is computed from it.
public enum LossError: Error, Equatable, CustomStringConvertible {
  /// A NaN or infinity among the embeddings or logits; training has diverged.
  case notFinite(loss: String, input: String, row: Int)
  /// A row that should have length 1; normalise before the loss.
  case notUnit(loss: String, input: String, row: Int, length: Float)
  /// A scale, temperature or other setting outside its range.
  case outOfRange(loss: String, setting: String, value: Float)
  /// Too few rows in the global batch for the loss to be defined.
  case tooFewRows(loss: String, rows: Int, least: Int)
  /// A label outside 0 ..< classes which is not the ignored one.
  case label(loss: String, row: Int, label: Int32, classes: Int)

  public var description: String {
    switch self {
    case .notFinite(let loss, let input, let row):
      "\(loss): row \(row) of \(input) is not finite"
    case .notUnit(let loss, let input, let row, let length):
      "\(loss): row \(row) of \(input) has length \(length), not 1; normalise it first"
    case .outOfRange(let loss, let setting, let value): "\(loss): \(setting) must not be \(value)"
    case .tooFewRows(let loss, let rows, let least):
      "\(loss): the global batch has \(rows) rows, at least \(least) are needed"
    case .label(let loss, let row, let label, let classes):
      "\(loss): row \(row) has label \(label), expected 0 ..< \(classes)"
    }
  }
}

/// Which rows are candidates.
public enum Negatives: String, Sendable, CaseIterable {
  /// All rows of the global batch.
  case global
  /// This replica's rows only; for comparison, the number of negatives then depends on the replicas.
  case local
}

/// Throws unless every row of `x` [n, d] is finite and, if `unit`, of length 1 ± 10⁻³.
func checkRows(_ x: Tensor, _ loss: String, _ input: String, unit: Bool) throws {
  let width = max(1, x.shape[1])
  try x.withUnsafeElements { values in
    for row in 0..<x.shape[0] {
      var square: Float = 0
      for column in 0..<x.shape[1] {
        square += values[row * width + column] * values[row * width + column]
      }
      guard square.isFinite else { throw LossError.notFinite(loss: loss, input: input, row: row) }
      if unit, abs(square.squareRoot() - 1) > 1e-3 {
        throw LossError.notUnit(
          loss: loss, input: input, row: row, length: square.squareRoot())
      }
    }
  }
}
