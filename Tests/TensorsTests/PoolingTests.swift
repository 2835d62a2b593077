import TestSupport
import Testing

import Tensors

@Suite struct PoolingTests {
  @Test func `takes the largest of each window`() {
    let x = Tensor([1, 5, 2, 4, 3, 0, 7, 8, 9], shape: [1, 3, 3, 1])
    #expect(maxPool(x, kernel: 2, stride: 1).elements == [5, 5, 8, 9])
    #expect(maxPool(x, kernel: 2, ceilMode: true).elements == [5, 2, 8, 9])
    #expect(maxPool(x, kernel: 3, stride: 2, padding: 1).elements == [5, 5, 8, 9])
    #expect(maxPool(x.reshaped([1, 9, 1]), kernel: 3).elements == [5, 4, 9])
  }

  @Test func `gives ties to the first and keeps a NaN`() throws {
    let x = Tensor([2, 2, 2, 2], shape: [1, 2, 2, 1])
    let dx = try withTape { () throws -> Tensor in
      let t = x.tracked()
      return try gradients(of: maxPool(t, kernel: 2).sum(), over: [t])[0]
    }
    #expect(dx.elements == [1, 0, 0, 0])
    let broken = Tensor([1, .nan, 3, 2], shape: [1, 2, 2, 1])
    #expect(maxPool(broken, kernel: 2).scalar.isNaN)
  }

  @Test func `averages with and without the padding`() {
    let x = Tensor([1, 2, 3, 4], shape: [1, 2, 2, 1])
    let whole = averagePool(x, kernel: 2, stride: 1, padding: 1)
    expectClose(
      whole, Tensor([0.25, 0.75, 0.5, 1, 2.5, 1.5, 0.75, 1.75, 1], shape: [1, 3, 3, 1]))
    let inside = averagePool(x, kernel: 2, stride: 1, padding: 1, countIncludePadding: false)
    expectClose(inside, Tensor([1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4], shape: [1, 3, 3, 1]))
    let last = averagePool(
      Tensor((1...9).map(Float.init), shape: [1, 3, 3, 1]), kernel: 2, padding: 1, ceilMode: true)
    expectClose(last, Tensor([0.25, 1.25, 2.75, 7], shape: [1, 2, 2, 1]))
  }

  @Test func `covers the input with adaptive boxes`() {
    let x = Tensor([0, 1, 2, 3, 4], shape: [1, 5, 1])
    // Boxes 0 ..< 2, 1 ..< 4 and 3 ..< 5.
    expectClose(adaptiveAveragePool(x, to: [3]), Tensor([0.5, 2, 3.5], shape: [1, 3, 1]))
    let grid = Tensor((0..<24).map(Float.init), shape: [2, 2, 3, 2])
    expectClose(globalAveragePool(grid), Tensor([5, 6, 17, 18], shape: [2, 2]))
  }

  @Test func `has the right gradients`() throws {
    // Well separated values, so that no difference crosses a tie.
    let order = RandomKey(seed: 1)
    let values = (0..<72).sorted { order.uniform($0) < order.uniform($1) }.map { Float($0) * 0.2 }
    let x = Tensor(values, shape: [2, 3, 6, 2])
    try checkGradient(at: [x], second: true) {
      let y = maxPool($0[0], kernel: [2, 3], stride: [1, 2], padding: [1, 1])
      return y * y * 0.1
    }
    let z = Tensor.normal([2, 3, 5, 2], key: RandomKey(seed: 2))
    try checkGradient(at: [z], second: true) {
      let y = averagePool($0[0], kernel: [2, 3], stride: [2, 2], padding: [1, 1], ceilMode: true)
      return y * y
    }
    try checkGradient(at: [z]) {
      averagePool($0[0], kernel: 2, stride: 1, padding: 1, countIncludePadding: false)
    }
    try checkGradient(at: [z]) { adaptiveAveragePool($0[0], to: [2, 3]) }
    try checkGradient(at: [z.reshaped([1, 2, 3, 5, 2])]) { globalAveragePool($0[0]) }
    try checkGradient(at: [z.reshaped([1, 2, 3, 5, 2])]) { averagePool($0[0], kernel: 2) }
  }

  @Test func `accepts an empty batch`() throws {
    let x = Tensor.zeros([0, 4, 4, 3])
    #expect(maxPool(x, kernel: 2).shape == [0, 2, 2, 3])
    #expect(averagePool(x, kernel: 2).shape == [0, 2, 2, 3])
    #expect(globalAveragePool(x).shape == [0, 3])
    let dx = try withTape { () throws -> Tensor in
      let t = x.tracked()
      return try gradients(of: maxPool(t, kernel: 2).sum(), over: [t])[0]
    }
    #expect(dx.shape == [0, 4, 4, 3])
  }
}
