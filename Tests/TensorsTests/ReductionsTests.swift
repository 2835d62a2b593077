import TestSupport
import Testing

import Tensors

@Suite struct ReductionsTests {
  /// Σ by a loop over all indices in float64.
  private func plainSum(_ x: Tensor, _ axes: [Int]) -> [Float] {
    let kept = x.shape.indices.filter { !axes.contains($0) }
    var result = [Double](repeating: 0, count: kept.reduce(1) { $0 * x.shape[$1] })
    for (flat, value) in x.elements.enumerated() {
      var (rest, index) = (flat, [Int](repeating: 0, count: x.rank))
      for axis in x.shape.indices.reversed() {
        index[axis] = rest % x.shape[axis]
        rest /= x.shape[axis]
      }
      result[kept.reduce(0) { $0 * x.shape[$1] + index[$1] }] += Double(value)
    }
    return result.map(Float.init)
  }

  @Test func `sums over every set of axes`() throws {
    let x = sample([3, 4, 5, 2])
    for bits in 0..<16 {
      let axes = (0..<4).filter { bits >> $0 & 1 == 1 }
      let kept = (0..<4).filter { !axes.contains($0) }.map { x.shape[$0] }
      expectClose(x.sum(axes: axes), Tensor(plainSum(x, axes), shape: kept))
      #expect(x.sum(axes: axes, keep: true).rank == 4)
      expectClose(x.permuted([2, 0, 3, 1]).sum(axes: [1]), x.sum(axes: [0]).permuted([1, 2, 0]))
    }
    #expect(x.sum(axes: [-1]).shape == [3, 4, 5])
    let small = sample([2, 3, 2])
    for axes in [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]] {
      try checkGradient(at: [small], second: true) { square($0[0].sum(axes: axes)) }
      try checkGradient(at: [small], second: true) { square($0[0].mean(axes: axes, keep: true)) }
      try checkGradient(at: [small], second: true) { square($0[0].variance(axes: axes)) }
    }
  }

  @Test func `sums long rows and columns exactly enough`() {
    let long = Tensor(repeating: 0.1, shape: [1_000_003])
    #expect(abs(long.sum().scalar - 100_000.3) < 0.1)
    for count in [0, 1, 15, 16, 17, 4095, 4096, 4097] {
      let x = sample([count, 2])
      expectClose(x.sum(axes: [0]), Tensor(plainSum(x, [0])), within: 1e-4)
      expectClose(x.transposed.sum(axes: [1]), Tensor(plainSum(x, [0])), within: 1e-4)
    }
  }

  @Test func `sums nothing to zero`() {
    #expect(Tensor([], shape: [0, 3]).sum(axes: [0]).elements == [0, 0, 0])
    #expect(Tensor([], shape: [3, 0]).sum(axes: [1]).elements == [0, 0, 0])
    #expect(Tensor([], shape: [0, 3]).sum(axes: [1]).shape == [0])
    #expect(Tensor([], shape: [2, 0, 3]).sum(axes: [0, 2]).shape == [0])
    #expect(Tensor([]).sum().scalar == 0)
    #expect(Tensor([]).mean().scalar.isNaN)
    #expect(Tensor(5).sum().scalar == 5)
  }

  @Test func `has mean and variance`() {
    let x = Tensor([1, 2, 3, 6], shape: [2, 2])
    #expect(x.mean().scalar == 3)
    #expect(x.mean(axes: [0]).elements == [2, 4])
    #expect(x.variance(axes: [0]).elements == [1, 4])
    #expect(x.variance(axes: [0], correction: 1).elements == [2, 8])
    #expect(x.variance(axes: [0, 1], keep: true).shape == [1, 1])
  }

  @Test func `finds extremes, ties at the lowest index and NaN first`() {
    let x = Tensor([3, 1, 3, 2, 0, 0], shape: [2, 3])
    #expect(x.max(axis: 1).elements == [3, 2])
    #expect(x.argMax(axis: 1).elements == [0, 0])
    #expect(x.argMin(axis: -1).elements == [1, 1])
    #expect(x.min(axis: 0, keep: true).shape == [1, 3])
    #expect(x.argMax(axis: 0).elements == [0, 0, 0])
    #expect(x.argMin(axis: 0).elements == [1, 1, 1])
    #expect(x.max().scalar == 3)
    #expect(x.min().scalar == 0)
    for count in [1, 5, 16, 17, 40, 100] {
      var values = sample([count], seed: UInt64(count)).elements
      let best = values.indices.max { values[$0] < values[$1] }
      #expect(Tensor(values).argMax().elements == [Int32(best ?? -1)])
      let equal = Tensor(repeating: -.infinity, shape: [count])
      #expect(equal.argMax().elements == [0] && equal.argMin().elements == [0])
      values[count / 2] = .nan
      #expect(Tensor(values).argMax().elements == [Int32(count / 2)])
      #expect(Tensor(values).max().scalar.isNaN)
      #expect(Tensor(values, shape: [count, 1]).broadcast(to: [count, 2]).argMin(axis: 0).elements
        == [Int32(count / 2), Int32(count / 2)])
    }
  }

  @Test func `has gradients of extremes`() throws {
    let x = spread([2, 3, 4])
    for axis in 0..<3 {
      try checkGradient(at: [x], second: true) { square($0[0].max(axis: axis)) }
      try checkGradient(at: [x], second: true) { square($0[0].min(axis: axis, keep: true)) }
    }
    let tied = try withTape {
      let t = Tensor([2, 2, 1]).tracked()
      return try gradients(of: t.max(), over: [t])[0]
    }
    #expect(tied.elements == [1, 0, 0])
  }

  @Test func `adds up along the last axis`() throws {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(x.cumulativeSum().elements == [1, 3, 6, 4, 9, 15])
    #expect(Tensor([], shape: [2, 0]).cumulativeSum().shape == [2, 0])
    try checkGradient(at: [sample([2, 3])], second: true) { square($0[0].cumulativeSum()) }
  }
}
