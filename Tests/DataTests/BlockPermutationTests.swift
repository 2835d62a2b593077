import Data
import Tensors
import Testing

@Suite struct BlockPermutationTests {
  private func order(_ count: Int, size: Int, window: Int, seed: UInt64 = 3) -> [Int] {
    let order = BlockPermutation(
      count: count, blocks: SampleBlocks(size: size, window: window), key: RandomKey(seed: seed))
    return (0..<count).map { order[$0] }
  }

  @Test func `is a permutation whatever the last block's size`() {
    for count in 0...60 {
      for (size, window) in [(1, 1), (1, 4), (4, 1), (4, 3), (7, 2), (100, 5)] {
        #expect(
          order(count, size: size, window: window).sorted() == Array(0..<count),
          "\(count) samples, blocks of \(size), windows of \(window)")
      }
    }
  }

  @Test func `opens no more blocks at a time than the window has`() {
    let all = order(1_003, size: 10, window: 4)
    // Each window takes all samples of its blocks before the next one begins.
    var rest = all[...]
    while !rest.isEmpty {
      let blocks = Set(rest.prefix(31).map { $0 / 10 })
      #expect(blocks.count <= 4)
      let window = rest.prefix { blocks.contains($0 / 10) || blocks.count < 4 && rest.count <= 40 }
      #expect(Set(window.map { $0 / 10 }).count <= 4 || rest.count <= 40)
      rest = rest.dropFirst(window.count)
    }
  }

  @Test func `shuffles blocks and the samples within a window`() {
    let all = order(1_000, size: 10, window: 4)
    #expect(all != Array(0..<1_000))
    #expect(all != order(1_000, size: 10, window: 4, seed: 4))
    // The chance that i + 1 follows i within a window of 40 is 1/40: 25 such pairs are expected.
    let followed = (1..<1_000).count { all[$0] == all[$0 - 1] + 1 }
    #expect(followed < 60, "\(followed)")
    // And the first window's blocks are not the first four.
    #expect(Set(all.prefix(40).map { $0 / 10 }) != [0, 1, 2, 3])
  }

  @Test func `a plan of a source in blocks takes every sample once an epoch`() {
    let plan = PermutationPlan(count: 103, batch: 8, blocks: SampleBlocks(size: 10, window: 2))
    for epoch in 0..<2 {
      let samples = (0..<plan.stepsPerEpoch).flatMap { step in
        plan.slots(at: PlanPosition(seed: 1, epoch: epoch, step: step)).map(\.sample)
      }
      #expect(samples.sorted() == Array(0..<103))
    }
  }
}
