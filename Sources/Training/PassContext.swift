import Collectives
import Data
import Layers
import Tensors

/// What one replica needs for a pass over a data set: evaluation, features, pools.
public final class PassContext {
  /// The model in evaluation mode.
  public let pass: Forward
  private let batch: Int
  private let activity: Activity?

  public var exchange: any Exchange { pass.exchange }

  /// `activity`: What a read sample is a sign of.
  package init(exchange: any Exchange, key: RandomKey, batch: Int, activity: Activity? = nil) {
    self.activity = activity
    pass = Forward(isTraining: false, exchange: exchange, key: key, slots: [])
    self.batch = batch
  }

  /// Another split that the pass reads, so that reading it is not taken for standing still.
  public func watched(_ source: any SampleSource) -> any SampleSource {
    activity.map { WatchedSource(base: source, activity: $0) } ?? source
  }

  /// This replica's share of 0 ..< `count`: batches of a fixed size, consecutive, every index in
  /// exactly one batch of one replica, so that a gather in replica order is in sample order.
  public func batches(_ count: Int) -> [Range<Int>] {
    let total = (count + batch - 1) / batch
    let first = (exchange.replica * total + exchange.replicas - 1) / exchange.replicas
    let last = ((exchange.replica + 1) * total + exchange.replicas - 1) / exchange.replicas
    return (first..<last).map { $0 * batch..<min(count, ($0 + 1) * batch) }
  }
}

/// What a recipe needs to predict: which samples, and the model in evaluation mode.
public struct PredictContext {
  /// Indices into the source.
  public let indices: [Int]
  public let pass: Forward

  package init(indices: [Int], pass: Forward) {
    self.indices = indices
    self.pass = pass
  }
}
