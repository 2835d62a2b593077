import TestSupport
import Testing

import Tensors

@Suite struct IndexingTests {
  private let x = Tensor([0, 1, 10, 11, 20, 21], shape: [3, 2])

  @Test func `gathers and scatters rows`() {
    #expect(x.gatherRows(IntTensor([2, 0, 2])).elements == [20, 21, 0, 1, 20, 21])
    #expect(x.gatherRows(IntTensor([1, 1], shape: [1, 2])).shape == [1, 2, 2])
    #expect(x.gatherRows(IntTensor([])).shape == [0, 2])
    #expect(x.gathered(axis: 1, IntTensor([1])).elements == [1, 11, 21])
    #expect(x.scatterAddRows(IntTensor([1, 1, 3]), rows: 4).elements == [0, 0, 10, 12, 0, 0, 20, 21])
    #expect(x.rows(0..<0).scatterAddRows(IntTensor([]), rows: 2).elements == [0, 0, 0, 0])
    #expect(embedding(x, IntTensor([0, 2])).elements == [0, 1, 20, 21])
  }

  @Test func `adds in the order of the indices`() {
    // 1e8 + 1 rounds to 1e8, so only the order -1e8, 1e8, 1 leaves 1.
    let values = Tensor([1e8, -1e8, 1], shape: [3, 1])
    #expect(values.scatterAddRows(IntTensor([0, 0, 0]), rows: 1).elements == [1])
    #expect(values.flipped(axis: 0).scatterAddRows(IntTensor([0, 0, 0]), rows: 1).elements == [0])
  }

  @Test func `takes along the last axis`() {
    let indices = IntTensor([1, 1, 0, 0, 1, 0], shape: [3, 2])
    #expect(x.takeAlong(indices).elements == [1, 1, 10, 10, 21, 20])
    #expect(x.takeAlong(IntTensor([], shape: [3, 0])).shape == [3, 0])
    #expect(
      Tensor([1, 2], shape: [1, 2]).scatterAddAlong(IntTensor([2, 2], shape: [1, 2]), columns: 3)
        .elements == [0, 0, 3])
    #expect(oneHot(IntTensor([1, -1, 0]), 2).elements == [0, 1, 0, 0, 1, 0])
    #expect(Tensor(IntTensor([3, -4])).elements == [3, -4])
    #expect(IntTensor([1, 2, 3, 4], shape: [2, 2]).rows(1..<2).elements == [3, 4])
  }

  @Test func `orders stably`() {
    let x = Tensor([2, .nan, -1, 2, 0, -.infinity, -0.0, .infinity])
    #expect(x.argSort().elements == [5, 2, 4, 6, 0, 3, 7, 1])
    #expect(x.argSort(descending: true).elements == [1, 7, 0, 3, 4, 6, 2, 5])
    let (values, indices) = Tensor([1, 3, 3, 2], shape: [1, 4]).topK(3)
    #expect(values.elements == [3, 3, 2] && indices.elements == [1, 2, 3])
    #expect(Tensor([1, 2]).topK(0).values.shape == [0])
    #expect(Tensor([], shape: [2, 0]).argSort().shape == [2, 0])
    #expect(Tensor([], shape: [0, 2]).topK(1).values.shape == [0, 1])
    for count in [1, 17, 64, 65, 300, 5000] {
      // Few different values, so that ties are common.
      let values = sample([count], seed: UInt64(count)).elements.map { ($0 * 4).rounded() / 4 }
      let ascending = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
      let descending = values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
      #expect(Tensor(values).argSort().elements == ascending.map(Int32.init))
      for k in [1, 5, 16, 17, 40] where k <= count {
        #expect(Tensor(values).topK(k).indices.elements == descending.prefix(k).map(Int32.init))
      }
    }
  }

  @Test func `has first and second gradients`() throws {
    let x = spread([3, 4])
    let rows = IntTensor([2, 0, 2, 2])
    let along = IntTensor([1, 1, 0, 3, 2, 0], shape: [3, 2])
    try checkGradient(at: [x], second: true) { square($0[0].gatherRows(rows)) }
    try checkGradient(at: [x], second: true) { square($0[0].gathered(axis: 1, rows)) }
    try checkGradient(at: [x], second: true) {
      square($0[0].scatterAddRows(IntTensor([1, 0, 1]), rows: 2))
    }
    try checkGradient(at: [x], second: true) { square(embedding($0[0], rows.reshaped([2, 2]))) }
    try checkGradient(at: [x], second: true) { square($0[0].takeAlong(along)) }
    try checkGradient(at: [x.sliced(axis: 1, 0..<2).contiguous()], second: true) {
      square($0[0].scatterAddAlong(along, columns: 5))
    }
    try checkGradient(at: [x], second: true) { square($0[0].topK(2).values) }
    try checkGradient(at: [x], second: true) { square($0[0].sorted(descending: true).values) }
  }
}
