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

  // Other suites take from the same pool while this one runs, so a single pass may see their
  // growth; a step that itself needs the system would never have three passes without any.
  @Test func `reuses a warm step's memory`() throws {
    let (w, v) = (sample([301, 517]), sample([517, 211]))
    let x = sample([173, 301])
    let labels = IntTensor((0..<173).map { Int32($0 % 211) })
    let first = try step(w, v, x, labels).map(\.elements)
    var (quiet, passes) = (0, 0)
    while quiet < 3 && passes < 200 {
      let before = MemoryPool.shared.usage.systemAllocations
      let result = try step(w, v, x, labels)
      quiet = MemoryPool.shared.usage.systemAllocations == before ? quiet + 1 : 0
      passes += 1
      #expect(result.map(\.elements) == first)
    }
    #expect(quiet == 3)
  }

  @Test func `adds in place only where nobody else looks`() {
    let part = Tensor([1, 2])
    let alone = part * 2
    let place = alone.pointer
    let sum = (consume alone).adding(consuming: part)
    #expect(sum.pointer == place)
    #expect(sum.elements == [3, 6])

    let seen = part * 2
    let other = seen.adding(consuming: part)
    #expect(seen.elements == [2, 4])
    #expect(other.elements == [3, 6])

    let repeated = (part * 2).broadcast(to: [2, 2]).adding(consuming: part)
    #expect(repeated.elements == [3, 6, 3, 6])
    let owner = part * 1
    let lent = Tensor(
      shape: [2], strides: [1], offset: 0,
      storage: Storage(viewing: owner.storage.pointer, byteCount: 8, of: owner.storage))
    #expect(lent.adding(consuming: part).elements == [2, 4])
    #expect(owner.elements == [1, 2])
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
