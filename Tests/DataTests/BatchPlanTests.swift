import Data
import Tensors
import Testing

@Suite struct BatchPlanTests {
  private func epoch(_ plan: some BatchPlan, seed: UInt64 = 7, _ epoch: Int) -> [[Slot]] {
    (0..<plan.stepsPerEpoch).map { step in
      plan.slots(at: PlanPosition(seed: seed, epoch: epoch, step: step))
    }
  }

  @Test func `shows every sample once an epoch, with a short last batch`() {
    let steps = epoch(PermutationPlan(count: 103, batch: 20), 3)
    #expect(steps.map(\.count) == [20, 20, 20, 20, 20, 3])
    #expect(steps.joined().map(\.sample).sorted() == Array(0..<103))
    for slots in steps { #expect(slots.map(\.index) == Array(0..<slots.count)) }
  }

  @Test func `drops a short last batch when told to`() {
    #expect(epoch(PermutationPlan(count: 103, batch: 20, dropLast: true), 0).count == 5)
    #expect(PermutationPlan(count: 100, batch: 20, dropLast: true).stepsPerEpoch == 5)
    #expect(PermutationPlan(count: 0, batch: 20).stepsPerEpoch == 0)
  }

  @Test func `orders anew each epoch, stage and seed, and alike for the same`() {
    let plan = PermutationPlan(count: 50, batch: 50)
    func order(_ seed: UInt64, _ stage: Int, _ epoch: Int) -> [Int] {
      plan.slots(at: PlanPosition(seed: seed, stage: stage, epoch: epoch, step: 0)).map(\.sample)
    }
    let first = order(1, 0, 0)
    #expect(order(1, 0, 0) == first)
    #expect(Set([first, order(2, 0, 0), order(1, 1, 0), order(1, 0, 1)]).count == 4)
  }

  @Test func `goes in order for evaluation`() {
    let steps = epoch(SequentialPlan(count: 7, batch: 3), 0)
    #expect(steps.map { $0.map(\.sample) } == [[0, 1, 2], [3, 4, 5], [6]])
  }

  @Test func `gives each slot to the replica the formula names`() {
    for batch in 0...40 {
      for replicas in 1...12 {
        let division = SlotDivision(batch: batch, replicas: replicas)
        let ranges = (0..<replicas).map { division.slots(of: $0) }
        #expect(Array(ranges.joined()) == Array(0..<batch), "\(batch) over \(replicas)")
        for (replica, range) in ranges.enumerated() {
          for slot in range {
            #expect(division.replica(of: slot) == replica)
            #expect(slot * replicas / batch == replica)
          }
        }
      }
    }
  }
}
