import Collectives
import Tensors
import Testing

@Suite struct CanonicalTreeTests {
  /// Float addition is not associative, so equal bits mean equal order.
  private func values(_ count: Int) -> [Float] {
    Tensor.normal([count], key: RandomKey(seed: 3).derived(count)).elements.map { $0 * 1e3 }
  }

  @Test(arguments: 1...64)
  func `gives the same bits for any contiguous split`(replicas: Int) {
    let tree = CanonicalTree(leaves: replicas)
    let leaves = values(replicas)
    let whole = tree.finish(tree.partials(of: leaves, over: 0..<replicas, merge: +), merge: +)
    let key = RandomKey(seed: 17).derived(replicas)
    for trial in 0..<20 {
      let wanted = key.derived(trial).integer(0, below: min(8, replicas))
      let borders = Set((0..<wanted).map { key.derived(trial).integer($0 + 1, below: replicas) })
        .subtracting([0]).sorted()
      var parts: [CanonicalTree.Node: Float] = [:]
      let all = [0] + borders + [replicas]
      for (start, end) in zip(all, all.dropFirst()) {
        let mine = tree.partials(of: Array(leaves[start..<end]), over: start..<end, merge: +)
        parts.merge(mine) { first, _ in first }
      }
      let split = tree.finish(parts, merge: +)
      #expect(split.bitPattern == whole.bitPattern, "borders \(borders)")
    }
  }

  @Test(arguments: 1...64)
  func `covers a range with few whole subtrees`(replicas: Int) {
    let tree = CanonicalTree(leaves: replicas)
    for start in 0..<replicas {
      for end in start + 1...replicas {
        let nodes = tree.aligned(in: start..<end)
        let limit = 2 * (Int.bitWidth - replicas.leadingZeroBitCount)
        #expect(nodes.count <= limit)
        var position = start
        for node in nodes {
          #expect(tree.range(of: node).lowerBound == position)
          position = tree.range(of: node).upperBound
        }
        #expect(position == end)
      }
    }
    #expect(tree.aligned(in: 0..<replicas) == [tree.root])
  }

  @Test func `adds neighbours first`() {
    let tree = CanonicalTree(leaves: 5)
    let leaves = ["a", "b", "c", "d", "e"]
    let text = tree.finish(
      tree.partials(of: leaves, over: 0..<5) { "(\($0)\($1))" }
    ) { "(\($0)\($1))" }
    #expect(text == "(((ab)(cd))e)")
  }
}
