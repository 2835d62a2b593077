import Tensors

/// Batches of labelled and unlabelled samples, each step as many of each kind.
///
/// The first `labelled` samples have labels. An epoch is one pass over these, in an order drawn anew
/// each time, without a last batch that would be short; the others come from an endless stream of
/// whole permutations that goes on from epoch to epoch. Kinds alternate over a step's slots as evenly
/// as can be, so that replicas of equal shares have the same mix.
public struct TwoStreamPlan: BatchPlan {
  public let count: Int
  public let labelled: Int
  public let batch: Int
  public let labelledSlots: Int

  public static let labelledRole: SlotRole = "labelled"
  public static let unlabelledRole: SlotRole = "unlabelled"

  /// `labelledSlots`: Of the batch's; all of them leave the others' stream out.
  ///
  /// Precondition: 1 ≤ labelledSlots ≤ labelled; other samples where other slots are.
  public init(count: Int, labelled: Int, batch: Int, labelledSlots: Int) {
    precondition(
      (1...batch).contains(labelledSlots) && labelledSlots <= labelled && labelled <= count
        && (labelledSlots == batch || labelled < count),
      "TwoStreamPlan: \(labelled) labelled of \(count), \(labelledSlots) slots of \(batch)")
    self.count = count
    self.labelled = labelled
    self.batch = batch
    self.labelledSlots = labelledSlots
  }

  public var stepsPerEpoch: Int { labelled / labelledSlots }

  public func slots(at position: PlanPosition) -> [Slot] {
    precondition(
      position.step >= 0 && position.step < stepsPerEpoch,
      "TwoStreamPlan: step \(position.step) is not in 0 ..< \(stepsPerEpoch)")
    let key = RandomKey(seed: position.seed).derived("streams").derived(position.stage)
    let order = KeyedPermutation(
      count: labelled, key: key.derived("labelled").derived(position.epoch))
    let others = batch - labelledSlots
    var first = position.step * labelledSlots
    var second = (position.epoch * stepsPerEpoch + position.step) * others
    return (0..<batch).map { index in
      guard isLabelled(index) else {
        defer { second += 1 }
        return Slot(index: index, sample: unlabelled(second, key), role: Self.unlabelledRole)
      }
      defer { first += 1 }
      return Slot(index: index, sample: order[first], role: Self.labelledRole)
    }
  }

  /// Whether ⌈i·l/B⌉ grows from i to i + 1.
  private func isLabelled(_ index: Int) -> Bool {
    func before(_ slots: Int) -> Int { (slots * labelledSlots + batch - 1) / batch }
    return before(index + 1) > before(index)
  }

  private func unlabelled(_ place: Int, _ key: RandomKey) -> Int {
    let others = count - labelled
    let order = KeyedPermutation(
      count: others, key: key.derived("unlabelled").derived(place / others))
    return labelled + order[place % others]
  }
}
