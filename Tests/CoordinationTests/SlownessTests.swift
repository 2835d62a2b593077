import Coordination
import Messages
import Testing

@Suite struct SlownessTests {
  private func pace(
    compute: Double = 0.1, input: Double = 0, exchange: Double = 0.02, awaited: Double = 0,
    steps: Int = 10
  ) -> Pace {
    var rates = StepRates()
    rates.computeSecondsPerReplica = compute
    rates.computeSeconds = 2 * compute
    rates.inputSeconds = input
    rates.exchangeSeconds = exchange
    var pace = Pace()
    for _ in 0..<steps { pace.add(rates) }
    pace.awaited = awaited
    return pace
  }

  private func found(_ paces: [Pace]) -> [UInt32: Slowness.Cause] {
    let numbered = paces.enumerated().map { (WorkerID(UInt32($0.offset + 1)), $0.element) }
    return Dictionary(
      uniqueKeysWithValues: slowness(of: Dictionary(uniqueKeysWithValues: numbered))
        .map { ($0.key.number, $0.value.cause) })
  }

  @Test func `names who computes slower than the others`() {
    #expect(found([pace(), pace(), pace(compute: 0.16)]) == [3: .compute])
    #expect(found([pace(), pace(), pace(compute: 0.14)]) == [:])
    #expect(found([pace(compute: 0.2), pace()]) == [1: .compute], "also of two")
  }

  @Test func `does not take who hosts more replicas for slower`() {
    var many = pace()
    many.compute = 4 * many.compute
    #expect(found([many, pace(), pace()]) == [:])
  }

  @Test func `names who waits for its samples`() {
    #expect(found([pace(input: 0.1), pace(input: 0.01), pace()]) == [1: .input])
    #expect(found([pace(input: 0.01), pace(), pace()]) == [:], "a tenth of a step at least")
    // Both: what costs more.
    #expect(found([pace(compute: 0.2, input: 0.9), pace(), pace()]) == [1: .input])
    #expect(found([pace(compute: 0.4, input: 0.2), pace(), pace()]) == [1: .compute])
  }

  @Test func `names whose deliveries the others wait for though it computes as fast`() {
    #expect(
      found([pace(), pace(exchange: 0.1, awaited: 0.8), pace(awaited: 0.1)]) == [2: .network])
    #expect(found([pace(), pace(awaited: 0.8), pace()]) == [:], "a tenth of a step at least")
    #expect(found([pace(awaited: 0.9), pace(awaited: 0.9)]) == [:], "of two nobody can say")
  }

  @Test func `says nothing of one worker or before there are some steps`() {
    #expect(found([pace(compute: 9)]) == [:])
    #expect(found([pace(), pace(compute: 9, steps: 4)]) == [:])
    #expect(found([]) == [:])
  }

  @Test func `forgets an old pace`() {
    var changed = pace(compute: 1)
    var rates = StepRates()
    rates.computeSecondsPerReplica = 0.1
    for _ in 0..<20 { changed.add(rates) }
    #expect(changed.computePerReplica < 0.12)
  }
}
