import TestSupport
import Testing

import Tensors

@Suite struct PositiveDefiniteTests {
  /// X Xᵀ + I: symmetric, far enough from singular for differences.
  private func definite(_ x: Tensor) -> Tensor {
    let identity = oneHot(IntTensor((0..<x.shape[x.rank - 2]).map(Int32.init)), x.shape[x.rank - 2])
    return matmul(x, x.transposed) + identity
  }

  @Test(arguments: [1, 2, 17, 70]) func `gives back what it was multiplied with`(n: Int) throws {
    let (a, x) = (definite(sample([n, n]) * 0.3), sample([n, 67], seed: 2))
    expectClose(try solvePositiveDefinite(a, matmul(a, x)), x, within: 1e-3)
  }

  @Test func `reads the lower triangle alone`() throws {
    let b = Tensor([2, 7], shape: [2, 1])
    let whole = try solvePositiveDefinite(Tensor([4, 2, 2, 3], shape: [2, 2]), b)
    let lower = try solvePositiveDefinite(Tensor([4, 99, 2, 3], shape: [2, 2]), b)
    expectClose(whole, Tensor([-1, 3], shape: [2, 1]))
    #expect(whole.elements == lower.elements)
  }

  @Test func `solves each matrix of a batch`() throws {
    let (a, b) = (definite(sample([2, 3, 4, 5])), sample([2, 3, 4, 2], seed: 2))
    let x = try solvePositiveDefinite(a, b)
    for i in 0..<2 {
      for j in 0..<3 {
        expectClose(x[i][j], try solvePositiveDefinite(a[i][j], b[i][j]), within: 0)
      }
    }
  }

  @Test func `solves nothing`() throws {
    #expect(try solvePositiveDefinite(.zeros([0, 3, 3]), .zeros([0, 3, 2])).shape == [0, 3, 2])
    #expect(try solvePositiveDefinite(.zeros([2, 0, 0]), .zeros([2, 0, 4])).shape == [2, 0, 4])
    #expect(try solvePositiveDefinite(.ones([1, 1]), .zeros([1, 0])).shape == [1, 0])
  }

  @Test func `has first and second gradients`() throws {
    try checkGradient(
      at: [sample([2, 3, 3]) * 0.5, sample([2, 3, 2], seed: 2)], within: 2e-2, second: true
    ) { try solvePositiveDefinite(definite($0[0]), $0[1]) }
  }

  @Test func `has a gradient on either side alone`() throws {
    let (x, b) = (sample([3, 4]) * 0.5, sample([3, 2], seed: 2))
    try checkGradient(at: [x]) { try solvePositiveDefinite(definite($0[0]), b) }
    try checkGradient(at: [b]) { try solvePositiveDefinite(definite(x), $0[0]) }
  }

  @Test func `says which matrix is not positive definite and where`() {
    let good = Tensor([1, 0, 0, 1], shape: [1, 2, 2])
    for wrong in [[1, 2, 2, 1], [1, 0, 0, 0], [1, 0, 0, Float.nan], [1, 0, 0, .infinity]] {
      let both = concatenated([good, Tensor(wrong, shape: [1, 2, 2])])
      let error = #expect(throws: NotPositiveDefinite.self) {
        try solvePositiveDefinite(both, .ones([2, 2, 1]))
      }
      #expect(error?.matrix == 1 && error?.row == 1)
    }
  }
}
