import TestSupport
import Testing

import Tensors

@Suite struct ArithmeticTests {
  @Test func `broadcasts rows, columns, scalars and inner axes`() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect((x + Tensor([10, 20, 30])).elements == [11, 22, 33, 14, 25, 36])
    #expect((Tensor([10, 20], shape: [2, 1]) - x).elements == [9, 8, 7, 16, 15, 14])
    #expect((x * Tensor(2)).elements == [2, 4, 6, 8, 10, 12])
    #expect((Tensor(6) / x).elements == [6, 3, 2, 1.5, 1.2, 1])
    let cube = Tensor((0..<8).map(Float.init), shape: [2, 2, 2])
    let middle = Tensor([10, 20], shape: [1, 2, 1])
    #expect((cube + middle).elements == [10, 11, 22, 23, 14, 15, 26, 27])
  }

  @Test func `reads broadcast views without writing them out wrongly`() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let row = Tensor([10, 20, 30]).broadcast(to: [2, 3])
    let column = Tensor([10, 20], shape: [2, 1]).broadcast(to: [2, 3])
    let one = Tensor(7).broadcast(to: [2, 3])
    #expect((x + row).elements == [11, 22, 33, 14, 25, 36])
    #expect((row - x).elements == [9, 18, 27, 6, 15, 24])
    #expect((x * column).elements == [10, 20, 30, 80, 100, 120])
    #expect((one * x).elements == [7, 14, 21, 28, 35, 42])
    #expect((one + one).elements == [14, 14, 14, 14, 14, 14])
    #expect((row * column).elements == [100, 200, 300, 200, 400, 600])
  }

  @Test func `has first and second gradients over every kind of broadcast`() throws {
    let x = spread([2, 3], gap: 0.3) + 4
    for other in [[2, 3], [3], [2, 1], [1, 3], [1, 1], []] {
      let y = spread(other, gap: 0.3, seed: 2) + 3
      try checkGradient(at: [x, y], second: true) { $0[0] + $0[1] * $0[1] }
      try checkGradient(at: [x, y], second: true) { $0[0] * $0[1] }
      try checkGradient(at: [x, y], second: true) { $0[0] - $0[1] * $0[1] }
      try checkGradient(at: [x, y], second: true) { $0[0] / $0[1] }
      try checkGradient(at: [x, y], second: true) { $0[1] / $0[0] }
      try checkGradient(at: [x, y], second: true) { square($0[1] - $0[0]) }
    }
    try checkGradient(at: [x], second: true) { (3 - $0[0]) * 2 / (1 + $0[0]) + 2 / $0[0] - 1 }
  }

  @Test func `works on nothing and on views`() {
    let none = Tensor([], shape: [0, 3])
    #expect((none + Tensor([1, 2, 3])).shape == [0, 3])
    #expect((none * Tensor([], shape: [0, 1])).shape == [0, 3])
    #expect((-none).elements == [])
    let x = Tensor([1, 2, 3, 4], shape: [2, 2])
    #expect((x.transposed + x).elements == [2, 5, 5, 8])
    #expect((x.flipped(axis: 1) - x).elements == [1, -1, 1, -1])
  }

  @Test func `compares and selects`() throws {
    let (a, b) = (Tensor([1, 5, 3]), Tensor([2, 4, 3]))
    #expect(less(a, b).elements == [1, 0, 0])
    #expect(lessOrEqual(a, b).elements == [1, 0, 1])
    #expect(greater(a, b).elements == [0, 1, 0])
    #expect(greaterOrEqual(a, 3).elements == [0, 1, 1])
    #expect(equal(a, b).elements == [0, 0, 1])
    #expect(equal(Tensor([1, 2, 3, 2], shape: [2, 2]), Tensor([1, 2])).elements == [1, 1, 0, 1])
    #expect(maximum(a, b).elements == [2, 5, 3])
    #expect(minimum(a, b).elements == [1, 4, 3])
    #expect(maximum(Tensor([.nan, 1]), Tensor([1, .nan])).elements.count { $0.isNaN } == 2)
    #expect(minimum(Tensor([.nan, 1]), Tensor([1, .nan])).elements.count { $0.isNaN } == 2)
    let mask = ByteTensor([1, 0, 1])
    #expect(select(mask, a, b).elements == [1, 4, 3])
    #expect(select(mask, a, -.infinity).elements == [1, -.infinity, 3])
    #expect(select(mask, 0, b).elements == [0, 4, 0])
    #expect(select(mask, 1, 0).elements == [1, 0, 1])
    #expect(select(mask, Tensor.ones([2, 3]), 0).elements == [1, 0, 1, 1, 0, 1])
    #expect((!mask).elements == [0, 1, 0])
    #expect((mask & less(a, b)).elements == [1, 0, 0])
    #expect((mask | less(a, 9)).trueCount == 3)
    #expect(ByteTensor.causalMask(3).elements == [1, 0, 0, 1, 1, 0, 1, 1, 1])
    let x = [spread([2, 3]), spread([2, 3], seed: 5) + 0.1]
    try checkGradient(at: x, second: true) { square(maximum($0[0], $0[1])) }
    try checkGradient(at: x, second: true) { square(minimum($0[0], $0[1])) }
    try checkGradient(at: x, second: true) { square(select(mask, $0[0], square($0[1]))) }
    try checkGradient(at: [x[0]], second: true) { square(maximum(minimum($0[0], 0.4), -0.4)) }
    try checkGradient(at: [x[0]], second: true) { square(select(mask, 2, $0[0])) }
    try checkGradient(at: [spread([3, 3])], second: true) { square($0[0].lowerTriangle) }
  }

  @Test func `finds what is not finite`() {
    var values = [Float](repeating: 1, count: 10_000)
    #expect(Tensor(values).allFinite)
    #expect(Tensor([]).allFinite)
    values[9_999] = .nan
    #expect(!Tensor(values).allFinite)
    values[9_999] = -.infinity
    #expect(!Tensor(values).allFinite)
    values[9_999] = .greatestFiniteMagnitude
    #expect(Tensor(values).allFinite)
  }
}
