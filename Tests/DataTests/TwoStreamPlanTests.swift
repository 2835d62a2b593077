import Data
import Testing

@Suite struct TwoStreamPlanTests {
  private func slots(
    _ plan: TwoStreamPlan, epoch: Int, step: Int, seed: UInt64 = 1
  ) -> [Slot] {
    plan.slots(at: PlanPosition(seed: seed, epoch: epoch, step: step))
  }

  private func samples(_ slots: [Slot], _ role: SlotRole) -> [Int] {
    slots.filter { $0.role == role }.map(\.sample)
  }

  private let plan = TwoStreamPlan(count: 12, labelled: 5, batch: 5, labelledSlots: 2)

  @Test func `an epoch is one pass over the labelled ones`() {
    #expect(plan.stepsPerEpoch == 2)
    var orders: Set<[Int]> = []
    for epoch in 0..<30 {
      let own = (0..<2).flatMap {
        samples(slots(plan, epoch: epoch, step: $0), TwoStreamPlan.labelledRole)
      }
      #expect(own.count == 4 && Set(own).count == 4 && own.allSatisfy { $0 < 5 })
      orders.insert(own)
    }
    #expect(orders.count > 20)
  }

  @Test func `the others come from whole permutations without end`() {
    let stream = (0..<30).flatMap { epoch in
      (0..<2).flatMap {
        samples(slots(plan, epoch: epoch, step: $0), TwoStreamPlan.unlabelledRole)
      }
    }
    #expect(stream.count == 180)
    for pass in 0..<180 / 7 {
      #expect(stream[pass * 7..<(pass + 1) * 7].sorted() == Array(5..<12))
    }
    #expect(stream[..<7] != stream[7..<14])
  }

  @Test func `kinds alternate, so that equal shares have the same mix`() {
    let four = TwoStreamPlan(count: 9, labelled: 4, batch: 8, labelledSlots: 4)
    let found = slots(four, epoch: 0, step: 0)
    #expect(found.map(\.index) == Array(0..<8))
    for replicas in [1, 2, 4] {
      let division = SlotDivision(batch: 8, replicas: replicas)
      for replica in 0..<replicas {
        let own = found[division.slots(of: replica)]
        #expect(own.count { $0.role == TwoStreamPlan.labelledRole } * 2 == own.count)
      }
    }
    for labelledSlots in 1...7 {
      let plan = TwoStreamPlan(count: 20, labelled: 7, batch: 7, labelledSlots: labelledSlots)
      let roles = slots(plan, epoch: 0, step: 0).map(\.role)
      #expect(roles.count { $0 == TwoStreamPlan.labelledRole } == labelledSlots)
    }
  }

  @Test func `without other slots nothing else is drawn`() {
    let plan = TwoStreamPlan(count: 6, labelled: 6, batch: 3, labelledSlots: 3)
    let all = (0..<2).flatMap { slots(plan, epoch: 4, step: $0).map(\.sample) }
    #expect(all.sorted() == Array(0..<6))
  }

  @Test func `depends on seed and place alone`() {
    #expect(slots(plan, epoch: 3, step: 1) == slots(plan, epoch: 3, step: 1))
    #expect(slots(plan, epoch: 3, step: 1) != slots(plan, epoch: 3, step: 1, seed: 2))
  }
}
