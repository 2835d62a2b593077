import TestSupport
import Testing

import Tensors

@Suite struct MatrixTests {
  /// One matrix product by its definition.
  private func plain(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
    let (x, y) = (a.elements, b.elements)
    return Tensor(shape: [m, n]) { z in
      for i in 0..<m {
        for j in 0..<n { z[i * n + j] = (0..<k).reduce(0) { $0 + x[i * k + $1] * y[$1 * n + j] } }
      }
    }
  }

  private func expectProduct(_ a: Tensor, _ b: Tensor) {
    let y = matmul(a, b)
    let matrices = { (x: Tensor) in x.reshaped([-1, x.shape[x.rank - 2], x.shape[x.rank - 1]]) }
    let (left, result) = (matrices(a), matrices(y))
    for index in 0..<left.shape[0] {
      let right = b.rank == 2 ? b : matrices(b)[index]
      expectClose(result[index], plain(left[index], right), within: 1e-4)
    }
  }

  @Test func `multiplies whatever lies densely`() {
    for (m, k, n) in [(1, 1, 1), (1, 5, 3), (4, 1, 3), (4, 5, 1), (7, 9, 8), (33, 20, 17)] {
      let (a, b) = (sample([m, k]), sample([k, n], seed: 2))
      expectProduct(a, b)
      expectProduct(sample([k, m]).transposed, b)
      expectProduct(a, sample([n, k]).transposed)
      expectProduct(sample([k, m]).transposed, sample([n, k]).transposed)
      expectProduct(sample([m, k + 3]).sliced(axis: 1, 1..<k + 1), b)
      expectProduct(a.flipped(axis: 0), b.flipped(axis: 1))
    }
  }

  @Test func `multiplies batches, repeated and interleaved ones too`() {
    let (a, b) = (sample([2, 3, 4, 5]), sample([2, 3, 5, 6], seed: 2))
    expectProduct(a, b)
    expectProduct(a, b[0][0])
    expectProduct(a.permuted([1, 0, 2, 3]), b[0][0])
    expectProduct(a.permuted([1, 0, 2, 3]), b.permuted([1, 0, 2, 3]))
    expectProduct(a[0][0].broadcast(to: [2, 3, 4, 5]), b)
    expectProduct(a, b[0].broadcast(to: [2, 3, 5, 6]))
    // Heads of attention: [batch, tokens, heads, width] seen as [batch, heads, tokens, width].
    let q = sample([2, 7, 3, 4]).permuted([0, 2, 1, 3])
    expectProduct(q, sample([2, 7, 3, 4], seed: 3).permuted([0, 2, 1, 3]).transposed)
    expectProduct(sample([2, 3, 4]).transposed, sample([3, 5]))
  }

  @Test func `multiplies nothing`() {
    #expect(matmul(.zeros([0, 3]), .ones([3, 2])).shape == [0, 2])
    #expect(matmul(.zeros([2, 0]), .ones([0, 2])).elements == [0, 0, 0, 0])
    #expect(matmul(.zeros([2, 3]), .ones([3, 0])).shape == [2, 0])
    #expect(matmul(.zeros([0, 2, 3]), .ones([0, 3, 2])).shape == [0, 2, 2])
    #expect(matmul(.zeros([4, 2, 0]), .ones([4, 0, 1])).elements == [Float](repeating: 0, count: 8))
  }

  @Test func `has first and second gradients in every case`() throws {
    func check(_ a: [Int], _ b: [Int], _ f: ([Tensor]) -> Tensor) throws {
      try checkGradient(at: [sample(a), sample(b, seed: 2)], within: 2e-2, second: true, of: f)
    }
    try check([2, 3], [3, 2]) { matmul($0[0], $0[1]) }
    try check([3, 2], [2, 3]) { matmul($0[0].transposed, $0[1].transposed) }
    try check([2, 2, 3], [3, 2]) { matmul($0[0], $0[1]) }
    try check([2, 3, 2], [3, 2]) { matmul($0[0].transposed, $0[1]) }
    try check([2, 1, 2, 3], [3, 2]) { matmul($0[0], $0[1]) }
    try check([2, 2, 3], [2, 3, 2]) { matmul($0[0], $0[1]) }
    try check([2, 3], [2, 3, 2]) { matmul($0[0].broadcast(to: [2, 2, 3]), $0[1]) }
    try check([2, 2, 3], [1, 3, 2]) { matmul($0[0], $0[1].broadcast(to: [2, 3, 2])) }
    try check([2, 3, 2, 2], [2, 3, 2, 2]) {
      matmul($0[0].permuted([0, 2, 1, 3]), $0[1].permuted([0, 2, 3, 1]))
    }
  }

  @Test func `has gradients of empty products`() throws {
    let (da, db) = try withTape {
      let (a, b) = (Tensor.zeros([0, 2, 3]).tracked(), Tensor.ones([3, 4]).tracked())
      let g = try gradients(of: matmul(a, b).sum(), over: [a, b])
      return (g[0], g[1])
    }
    #expect(da.shape == [0, 2, 3])
    #expect(db.elements == [Float](repeating: 0, count: 12))
  }
}
