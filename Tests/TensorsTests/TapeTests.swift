import TestSupport
import Testing

import Tensors

@Suite struct TapeTests {
  @Test func `gives the gradient of a product`() throws {
    let x = Tensor([1, 2, 3])
    let dx = try withTape { () throws -> Tensor in
      let t = x.tracked()
      return try gradients(of: (t * t).sum(), over: [t])[0]
    }
    #expect(dx.elements == [2, 4, 6])
  }

  @Test func `gives gradients of gradients`() throws {
    try checkGradient(
      at: [.normal([2, 3], key: RandomKey(seed: 1)), .normal([3, 4], key: RandomKey(seed: 2))],
      second: true
    ) { exp(matmul($0[0], $0[1]) * 0.3) }
  }

  @Test func `gives exact zeros for what was not reached`() throws {
    let (a, b) = try withTape { () throws -> (Tensor, Tensor) in
      let (x, y) = (Tensor([1, 2]).tracked(), Tensor([3]).tracked())
      let g = try gradients(of: x.sum(), over: [x, y])
      return (g[0], g[1])
    }
    #expect(a.elements == [1, 1])
    #expect(b.elements == [0])
  }
}
