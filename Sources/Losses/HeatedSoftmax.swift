import Collectives
import Tensors

/// Cross entropy of logits at an inverse temperature α = 1/T (Zhang et al. 2018):
/// ℓ = −log(exp(α z_y) / Σ_j exp(α z_j)), whose gradient is α (p − 1[m = y]).
///
/// A large α has large gradients for what is taken for another class and almost none for the rest; a
/// small one moves all. The factor α in the gradient is part of the method.
/// Shapes: `logits` [n, c], `labels` [n].
public struct HeatedSoftmax: Sendable {
  public var alpha: Float

  public init(alpha: Float) { self.alpha = alpha }

  /// Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    logits: Tensor, labels: IntTensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    guard alpha > 0, alpha.isFinite else {
      throw LossError.outOfRange(loss: "HeatedSoftmax", setting: "alpha", value: alpha)
    }
    return try CrossEntropy()(logits: logits * alpha, labels: labels, over: exchange)
  }
}

/// α over a training: one value after another, written `4,1,0.5` for equal parts, or `16,4@0.7` where
/// each but the first begins at a fraction of the training.
public struct HeatingSchedule: Sendable, Equatable {
  private struct Part: Sendable, Equatable {
    let alpha: Float
    /// The first step is the smallest that is no less than this part of all, numerator and denominator.
    let numerator: Int
    let denominator: Int
  }

  private let parts: [Part]

  /// nil for what is no such list: values above 0, fractions within 0 … 1 that rise.
  public init?(_ text: String) {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    var values: [(alpha: Float, start: Double?)] = []
    for word in words {
      let halves = word.split(separator: "@", omittingEmptySubsequences: false)
        .map { String($0.drop { $0 == " " }) }
      guard halves.count <= 2, let alpha = Float(halves[0]), alpha > 0, alpha.isFinite else {
        return nil
      }
      guard halves.count == 2 else {
        values.append((alpha, nil))
        continue
      }
      guard let start = Double(halves[1]), (0...1).contains(start) else { return nil }
      values.append((alpha, start))
    }
    let starts = values.compactMap(\.start)
    guard !values.isEmpty, values[0].start == nil,
      starts.isEmpty || starts.count == values.count - 1,
      zip(starts, starts.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    parts = values.enumerated().map { index, value in
      guard let start = value.start else {
        return Part(
          alpha: value.alpha, numerator: starts.isEmpty ? index : 0, denominator: values.count)
      }
      return Part(
        alpha: value.alpha, numerator: Int((start * 1e6).rounded()), denominator: 1_000_000)
    }
  }

  /// α of step `step`, from 0, of `total`.
  public func alpha(at step: Int, of total: Int) -> Float {
    let reached = parts.last { step * $0.denominator >= $0.numerator * total }
    return (reached ?? parts[0]).alpha
  }
}
