import Collectives
import Tensors

/// One replica's pass through a model: whether it trains, how it reaches the other replicas, and
/// the random keys of its samples.
///
/// Layers take it as an argument and never from a global. A key's purpose is the layer's scope name
/// and the number of its calls in this pass; its rows are the slots of the samples, so a draw does
/// not depend on which replica holds the sample.
public final class Forward {
  public let isTraining: Bool
  public let exchange: any Exchange
  /// Of this step: derived from seed, stage and step.
  public let key: RandomKey
  /// The slot of each sample of this replica's batch.
  public let slots: [Int]
  private var calls: [String: Int] = [:]

  public init(isTraining: Bool, exchange: any Exchange, key: RandomKey, slots: [Int]) {
    self.isTraining = isTraining
    self.exchange = exchange
    self.key = key
    self.slots = slots
  }

  /// The key of the next call of the layer named `purpose`.
  public func key(_ purpose: String) -> RandomKey {
    let call = calls[purpose, default: 0]
    calls[purpose] = call + 1
    return key.derived(purpose).derived(call)
  }

  /// A number for each of `count` rows that names its sample and view, whoever hosts it.
  ///
  /// Row i is view i / n of slot i mod n, n the number of samples; other counts than multiples of n
  /// (regions, queries) are keyed by replica and row, which are fixed for the job too.
  public func rowNumbers(_ count: Int) -> [Int] {
    guard !slots.isEmpty, count % slots.count == 0 else {
      return (0..<count).map { (exchange.replica + 1) << 40 | $0 }
    }
    return (0..<count).map { slots[$0 % slots.count] << 16 | $0 / slots.count }
  }
}
