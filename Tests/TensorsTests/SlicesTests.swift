import TestSupport
import Testing

import Tensors

@Suite struct SlicesTests {
  private let x = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])

  @Test func `views parts`() {
    #expect(x.sliced(axis: 1, 1..<3).elements == [4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23])
    #expect(x.sliced(axis: -1, 0..<4, by: 3)[0].elements == [0, 3, 4, 7, 8, 11])
    #expect(x.sliced(axis: 2, 1..<4, by: 2)[1][2].elements == [21, 23])
    #expect(x.rows(1..<2).shape == [1, 3, 4])
    #expect(x.rows(2..<2).elements == [])
    #expect(x[1][2][3].scalar == 23)
    #expect(x.split(axis: 2, count: 2)[1][0].elements == [2, 3, 6, 7, 10, 11])
    #expect(x.split(axis: 1, sizes: [1, 0, 2]).map(\.shape) == [[2, 1, 4], [2, 0, 4], [2, 2, 4]])
    #expect(x[0].flipped(axis: 0).elements == [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3])
    #expect(x[0].flipped(axis: 1).flipped(axis: 1).elements == x[0].elements)
    #expect(x.expanded(axis: 1).shape == [2, 1, 3, 4])
    #expect(x.expanded(axis: -1).squeezed(axis: 3).elements == x.elements)
  }

  @Test func `copies between layouts of any kind`() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      let y = x.permuted(order)
      let flat = y.elements
      var expected: [Float] = []
      for i in 0..<y.shape[0] {
        for j in 0..<y.shape[1] { for k in 0..<y.shape[2] { expected.append(y[i][j][k].scalar) } }
      }
      #expect(flat == expected)
    }
    let large = sample([70, 45])
    #expect(large.transposed.contiguous().transposed.elements == large.elements)
    #expect(large.transposed.elements[3 * 70 + 61] == large[61][3].scalar)
    let four = sample([3, 5, 18, 7])
    #expect(four.permuted([0, 3, 1, 2]).contiguous().permuted([0, 2, 3, 1]).elements == four.elements)
  }

  @Test func `puts parts together`() {
    let (a, b) = (Tensor([1, 2], shape: [1, 2]), Tensor([3, 4, 5, 6], shape: [2, 2]))
    #expect(concatenated([a, b]).elements == [1, 2, 3, 4, 5, 6])
    #expect(concatenated([b, b.transposed], axis: 1).elements == [3, 4, 3, 5, 5, 6, 4, 6])
    #expect(concatenated([a, Tensor([], shape: [0, 2])]).elements == [1, 2])
    #expect(stacked([a, a], axis: 1).shape == [1, 2, 2])
    #expect(stacked([Tensor(1), Tensor(2)]).elements == [1, 2])
    #expect(a.padded(before: [1, 0], after: [0, 1], value: 9).elements == [9, 9, 9, 1, 2, 9])
    #expect(a.tiled(axis: 1, times: 2).elements == [1, 2, 1, 2])
    #expect(a.repeated(axis: 1, times: 2).elements == [1, 1, 2, 2])
    #expect(a.tiled(axis: 0, times: 0).shape == [0, 2])
    #expect(b.reshaped([-1]).shape == [4])
    #expect(Tensor([], shape: [0, 2]).padded(before: [1, 0], after: [0, 0]).elements == [0, 0])
  }

  @Test func `has first and second gradients`() throws {
    let x = sample([2, 3, 2])
    let cases: [(Tensor) -> Tensor] = [
      { $0.sliced(axis: 1, 1..<3) }, { $0.sliced(axis: 1, 0..<3, by: 2) }, { $0.rows(1..<2) },
      { $0[1] }, { $0.flipped(axis: 1) }, { $0.tiled(axis: 1, times: 2) },
      { $0.repeated(axis: 0, times: 3) }, { $0.padded(before: [0, 1, 2], after: [1, 0, 0]) },
      { $0.expanded(axis: 1) }, { $0.rows(0..<1).squeezed(axis: 0) }, { $0.permuted([2, 0, 1]) },
      { $0.transposed }, { $0.reshaped([4, 3]) }, { $0.transposed.reshaped([12]) },
      { concatenated([$0, square($0)], axis: 1) }, { stacked($0.split(axis: 1, count: 3), axis: 0) },
      { $0.broadcast(to: [2, 2, 3, 2]) }, { $0.sliced(axis: 2, 0..<1).broadcast(to: [2, 3, 4]) },
    ]
    for f in cases { try checkGradient(at: [x], second: true) { square(f($0[0])) } }
  }
}
