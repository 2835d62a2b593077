import Tensors

/// A step's place in a job's life; with the seed, all that a plan may depend on.
public struct PlanPosition: Hashable, Sendable {
  public let seed: UInt64
  public let stage: Int
  public let epoch: Int
  /// Within the epoch, 0 ..< `stepsPerEpoch`.
  public let step: Int

  public init(seed: UInt64, stage: Int = 0, epoch: Int, step: Int) {
    self.seed = seed
    self.stage = stage
    self.epoch = epoch
    self.step = step
  }
}

/// Which samples a step uses: a pure function, so that every worker knows every batch without asking
/// and a step that is run again sees the same samples.
public protocol BatchPlan: Sendable {
  var stepsPerEpoch: Int { get }

  /// The slots of one step, indices 0 ..< n in order. Precondition: step is in 0 ..< stepsPerEpoch.
  func slots(at position: PlanPosition) -> [Slot]
}

/// Every sample once an epoch, in an order drawn anew each epoch; the last batch may be short.
///
/// Of a source whose samples lie in blocks the order is a `BlockPermutation`.
public struct PermutationPlan: BatchPlan {
  public let count: Int
  public let batch: Int
  public let dropLast: Bool
  public let blocks: SampleBlocks?

  /// `dropLast` leaves out a short last batch, and with it those samples this epoch.
  ///
  /// Precondition: count ≥ 0, batch ≥ 1.
  public init(count: Int, batch: Int, dropLast: Bool = false, blocks: SampleBlocks? = nil) {
    precondition(count >= 0 && batch >= 1, "PermutationPlan: \(count) samples, batches of \(batch)")
    self.count = count
    self.batch = batch
    self.dropLast = dropLast
    self.blocks = blocks
  }

  public var stepsPerEpoch: Int { dropLast ? count / batch : (count + batch - 1) / batch }

  public func slots(at position: PlanPosition) -> [Slot] {
    let key = RandomKey(seed: position.seed).derived("order")
      .derived(position.stage).derived(position.epoch)
    let places = consecutive(position.step, stepsPerEpoch, batch, count)
    if let blocks {
      let order = BlockPermutation(count: count, blocks: blocks, key: key)
      return places.map { Slot(index: $0, sample: order[$1]) }
    }
    let order = KeyedPermutation(count: count, key: key)
    return places.map { Slot(index: $0, sample: order[$1]) }
  }
}

/// Every sample once, in the source's order: for evaluation and passes over a data set.
public struct SequentialPlan: BatchPlan {
  public let count: Int
  public let batch: Int

  /// Precondition: count ≥ 0, batch ≥ 1.
  public init(count: Int, batch: Int) {
    precondition(count >= 0 && batch >= 1, "SequentialPlan: \(count) samples, batches of \(batch)")
    self.count = count
    self.batch = batch
  }

  public var stepsPerEpoch: Int { (count + batch - 1) / batch }

  public func slots(at position: PlanPosition) -> [Slot] {
    consecutive(position.step, stepsPerEpoch, batch, count).map { index, place in
      Slot(index: index, sample: place)
    }
  }
}

private func consecutive(
  _ step: Int, _ steps: Int, _ batch: Int, _ count: Int
) -> some Sequence<(offset: Int, element: Int)> {
  precondition(step >= 0 && step < steps, "BatchPlan: step \(step) is not in 0 ..< \(steps)")
  return (step * batch..<min(count, (step + 1) * batch)).enumerated()
}
