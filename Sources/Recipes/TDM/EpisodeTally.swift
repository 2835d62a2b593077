import Collectives
import Tensors

/// What some trials have given; tallies of replicas add up.
package struct EpisodeTally: Sendable {
  /// Of one trial.
  private let queries: Int
  private var trials = 0.0
  private var hits = 0.0
  /// Of trials' hits: whole numbers, so that no order of adding matters.
  private var squaredHits = 0.0
  /// Rows of weights, one a class and trial, and their sums by channel.
  private var rows = 0.0
  private var weights: [Double]

  package init(queries: Int, channels: Int) {
    self.queries = queries
    weights = Array(repeating: 0, count: channels)
  }

  /// `supportWeights`: [way, d], nil without SAM.
  package mutating func add(hits: Int, supportWeights: Tensor?) {
    trials += 1
    self.hits += Double(hits)
    squaredHits += Double(hits * hits)
    guard let supportWeights else { return }
    rows += Double(supportWeights.shape[0])
    for (channel, sum) in supportWeights.sum(axes: [0]).elements.enumerated() {
      weights[channel] += Double(sum)
    }
  }

  package func summed(over exchange: any Exchange) throws -> EpisodeTally {
    let sums = try exchange.sum([trials, hits, squaredHits, rows] + weights)
    var all = self
    (all.trials, all.hits, all.squaredHits, all.rows) = (sums[0], sums[1], sums[2], sums[3])
    all.weights = Array(sums[4...])
    return all
  }

  /// Mean of the trials' accuracies.
  package var accuracy: Double { trials > 0 ? hits / (trials * Double(queries)) : 0 }

  /// 1.96 standard deviations of the trials over √trials: half the mean's 95 % interval.
  package var interval: Double {
    guard trials > 0 else { return 0 }
    let mean = hits / trials
    let variance = max(0, squaredHits / trials - mean * mean)
    return 1.96 * (variance / trials).squareRoot() / Double(queries)
  }

  /// By channel; nil where there was no SAM.
  package var meanSupportWeights: [Double]? { rows > 0 ? weights.map { $0 / rows } : nil }
}
