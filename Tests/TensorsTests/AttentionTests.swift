import Foundation
import TestSupport
import Testing

import Tensors

@Suite struct AttentionTests {
  private func inputs(_ queries: Int, _ keys: Int, _ d: Int, _ e: Int) -> [Tensor] {
    [
      .normal([2, 3, queries, d], key: RandomKey(seed: 1)),
      .normal([2, 3, keys, d], key: RandomKey(seed: 2)),
      .normal([2, 3, keys, e], key: RandomKey(seed: 3)),
    ]
  }

  @Test(arguments: [(5, 7, 4, 3), (1, 1, 2, 2), (40, 33, 8, 8), (70, 1500, 4, 4)], [false, true])
  func `is what its definition says`(_ sizes: (Int, Int, Int, Int), causal: Bool) {
    let x = inputs(sizes.0, sizes.1, sizes.2, sizes.3)
    let y = attention(x[0], x[1], x[2], causal: causal)
    expectClose(y, naive(x, nil, causal, 1 / Double(sizes.2).squareRoot()), within: 1e-5)
    let mask = Tensor.normal([sizes.0, sizes.1], key: RandomKey(seed: 4))
    let masked = attention(x[0], x[1], x[2], mask: mask, causal: causal, scale: 0.7)
    expectClose(
      masked, naive(x, mask.broadcast(to: [2, 3, sizes.0, sizes.1]), causal, 0.7),
      within: 1e-5)
  }

  @Test func `reads strided heads and joins them without a copy`() {
    let packed = Tensor.normal([2, 5, 3, 4], key: RandomKey(seed: 5))  // [B, N, H, d]
    let view = packed.permuted([0, 2, 1, 3])
    let y = attention(view, view, view)
    let plain = Tensor(view.elements, shape: view.shape)
    #expect(y.elements == attention(plain, plain, plain).elements)
    #expect(y.permuted([0, 2, 1, 3]).isContiguous)
  }

  @Test func `has the right gradients`() throws {
    let x = inputs(3, 4, 2, 2).map { $0 * 0.7 }
    let mask = Tensor.normal([2, 1, 3, 4], key: RandomKey(seed: 6))
    for causal in [false, true] {
      try checkGradient(at: x, within: 2e-2, second: true) {
        attention($0[0], $0[1], $0[2], causal: causal)
      }
      try checkGradient(at: x + [mask], within: 2e-2, second: true) {
        attention($0[0], $0[1], $0[2], mask: $0[3], causal: causal, scale: 0.5)
      }
    }
  }

  @Test func `has the gradients of its composite over several tiles`() throws {
    let x = inputs(70, 1500, 4, 4)
    let (fused, composite) = try withTape { () throws -> ([Tensor], [Tensor]) in
      let leaves = x.map { $0.tracked() }
      let y = attention(leaves[0], leaves[1], leaves[2])
      let loss = (y * y).sum()
      return (
        try gradients(of: loss, over: leaves, retain: true),
        try gradients(of: loss, over: leaves, differentiable: true)
      )
    }
    for (a, b) in zip(fused, composite) { expectClose(a, b.detached, within: 1e-5) }
  }

  @Test func `gives zeros to a query that sees no key`() throws {
    let x = inputs(2, 3, 4, 4)
    let mask = Tensor(
      [-.infinity, -.infinity, -.infinity, 0, -.infinity, 0], shape: [2, 3])
    for differentiable in [false, true] {
      let (y, parts) = try withTape { () throws -> (Tensor, [Tensor]) in
        let leaves = x.map { $0.tracked() }
        let y = attention(leaves[0], leaves[1], leaves[2], mask: mask)
        return (
          y.detached,
          try gradients(of: (y * y).sum(), over: leaves, differentiable: differentiable)
        )
      }
      let rows = y.elements
      for head in 0..<6 {
        #expect(rows[(head * 8)..<(head * 8 + 4)].allSatisfy { $0 == 0 })
        #expect(rows[(head * 8 + 4)..<(head * 8 + 8)].contains { $0 != 0 })
      }
      for part in parts { #expect(part.elements.allSatisfy { $0.isFinite }) }
    }
    #expect(
      attention(x[0], .zeros([2, 3, 0, 4]), .zeros([2, 3, 0, 4])).elements
        == [Float](
          repeating: 0, count: 48))
  }

  @Test func `accepts an empty batch`() throws {
    let empty = Tensor.zeros([0, 3, 5, 4])
    let parts = try withTape { () throws -> [Tensor] in
      let leaves = [empty, empty, empty].map { $0.tracked() }
      return try gradients(
        of: attention(leaves[0], leaves[1], leaves[2]).sum(), over: leaves)
    }
    #expect(parts.allSatisfy { $0.shape == [0, 3, 5, 4] })
  }

  private func naive(_ x: [Tensor], _ mask: Tensor?, _ causal: Bool, _ scale: Double) -> Tensor {
    let (q, k, v) = (x[0].elements, x[1].elements, x[2].elements)
    let (n, m, d, e) = (x[0].shape[2], x[1].shape[2], x[0].shape[3], x[2].shape[3])
    let added = mask?.elements
    var y: [Float] = []
    for row in 0..<(6 * n) {
      let (head, query) = (row / n, row % n)
      let scores = (0..<m).map { key -> Double in
        if causal && key > query { return -.infinity }
        var sum = 0.0
        for i in 0..<d { sum += Double(q[row * d + i]) * Double(k[(head * m + key) * d + i]) }
        return sum * scale + Double(added?[row * m + key] ?? 0)
      }
      let top = scores.max() ?? 0
      let power = scores.map { exp($0 - top) }
      let total = power.reduce(0, +)
      for i in 0..<e {
        var sum = 0.0
        for key in 0..<m { sum += power[key] / total * Double(v[(head * m + key) * e + i]) }
        y.append(Float(sum))
      }
    }
    return Tensor(y, shape: [2, 3, n, e])
  }
}
