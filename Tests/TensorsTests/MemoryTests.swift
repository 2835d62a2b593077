import TestSupport
import Testing

import Tensors

@Suite struct MemoryTests {
  private func step(_ w: Tensor, _ v: Tensor, _ x: Tensor, _ labels: IntTensor) throws -> [Tensor] {
    try withTape {
      let (w, v) = (w.tracked(), v.tracked())
      let hidden = gelu(matmul(x, w))
      let logits = matmul(l2Normalized(hidden + hidden * 0.5), v)
      return try gradients(of: crossEntropyRows(logits, labels).mean(), over: [w, v])
    }
  }

  // Other suites allocate while this one runs, from the same pool, so the count is taken of sizes
  // that no other test uses: it must be able to fail, and only for a reason of its own.
  @Test func `reuses a warm step's memory`() throws {
    let (w, v) = (sample([301, 517]), sample([517, 211]))
    let x = sample([173, 301])
    let labels = IntTensor((0..<173).map { Int32($0 % 211) })
    var first: [[Float]] = []
    var growth: [Int] = []
    for pass in 0..<12 {
      let before = MemoryPool.shared.usage.systemAllocations
      let result = try step(w, v, x, labels).map(\.elements)
      growth.append(MemoryPool.shared.usage.systemAllocations - before)
      if pass == 0 { first = result }
      #expect(result == first)
    }
    #expect(growth.suffix(6).contains(0))
  }

  @Test func `adds cotangents in place without touching what others see`() throws {
    let (shared, total) = try withTape {
      let x = Tensor([1, 2, 3]).tracked()
      let y = x * 2
      // y's cotangent arrives in four parts; the seed is one that the caller still holds.
      let z = y + y + y * 3 + (y + 1)
      let seed = Tensor([1, 1, 1])
      let g = try gradients(of: z, over: [x, y], seed: seed)
      #expect(seed.elements == [1, 1, 1])
      return (g[1], g[0])
    }
    #expect(shared.elements == [6, 6, 6])
    #expect(total.elements == [12, 12, 12])
  }

  @Test func `gives retained tapes the same gradient twice`() throws {
    let (a, b) = try withTape {
      let x = sample([4, 3]).tracked()
      let y = (softmax(x) * x + x).sum()
      let first = try gradients(of: y, over: [x], retain: true)[0]
      return (first, try gradients(of: y, over: [x])[0])
    }
    #expect(a.elements == b.elements)
  }
}
