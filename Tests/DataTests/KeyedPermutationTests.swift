import Data
import Tensors
import Testing

@Suite struct KeyedPermutationTests {
  private func isPermutation(_ order: KeyedPermutation) -> Bool {
    var seen = [Bool](repeating: false, count: order.count)
    for position in 0..<order.count { seen[order[position]] = true }
    return seen.allSatisfy { $0 }
  }

  @Test func `is a permutation at every size up to 300`() {
    for count in 1...300 {
      for seed in 0..<3 {
        let order = KeyedPermutation(count: count, key: RandomKey(seed: UInt64(seed)))
        #expect(isPermutation(order), "count \(count), seed \(seed)")
      }
    }
  }

  @Test(arguments: [4095, 4096, 4097, 65_537, 1_000_003])
  func `is a permutation at large sizes`(count: Int) {
    #expect(isPermutation(KeyedPermutation(count: count, key: RandomKey(seed: 5))))
  }

  @Test(arguments: [1, 2, 7, 300, 65_537])
  func `finds where an element stands`(count: Int) {
    let order = KeyedPermutation(count: count, key: RandomKey(seed: 6))
    for position in stride(from: 0, to: count, by: max(1, count / 300)) {
      #expect(order.position(of: order[position]) == position)
    }
  }

  @Test func `stays inside and repeats nothing at a size no list could hold`() {
    let count = 3_000_000_000_001
    let order = KeyedPermutation(count: count, key: RandomKey(seed: 2))
    let values = (0..<10_000).map { order[$0] }
    #expect(values.allSatisfy { (0..<count).contains($0) })
    #expect(Set(values).count == values.count)
  }

  @Test func `sends a position everywhere alike`() {
    // 4,000 keys over 10 places: 400 each, standard deviation 19.
    for position in [0, 4, 9] {
      var counts = [Int](repeating: 0, count: 10)
      for seed in 0..<4000 {
        counts[KeyedPermutation(count: 10, key: RandomKey(seed: UInt64(seed)))[position]] += 1
      }
      #expect(counts.allSatisfy { abs($0 - 400) < 90 }, "\(position): \(counts)")
    }
  }

  @Test func `separates neighbours`() {
    // The chance that i + 1 follows i is 1/n: one such pair is expected, ten would be a pattern.
    let order = KeyedPermutation(count: 5000, key: RandomKey(seed: 8))
    let followed = (1..<5000).count { order[$0] == order[$0 - 1] + 1 }
    #expect(followed < 10)
  }
}
