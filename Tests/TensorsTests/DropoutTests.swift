import TestSupport
import Testing

import Tensors

@Suite struct DropoutTests {
  private let key = RandomKey(seed: 7).derived("dropout")

  @Test func `keeps what the words of the row's stream say`() {
    let x = Tensor.ones([3, 150])
    let y = dropout(x, rate: 0.25, key: key, rows: [4, 0, 9]).elements
    for (row, number) in [4, 0, 9].enumerated() {
      let stream = key.derived(number)
      for place in 0..<150 {
        let w = stream.words(place / 4)
        let word = [w.0, w.1, w.2, w.3][place % 4]
        #expect(y[row * 150 + place] == (word >= 1 << 30 ? 1 / 0.75 : 0))
      }
    }
  }

  @Test func `treats a sample alike in every batch`() {
    let x = Tensor.normal([4, 3, 9], key: RandomKey(seed: 1))
    let one = Tensor(Array(x.elements[54..<81]), shape: [1, 3, 9])
    for operation in [dropout, dropPath, channelDropout] {
      let together = operation(x, 0.5, key, [10, 11, 12, 13]).elements
      #expect(Array(together[54..<81]) == operation(one, 0.5, key, [12]).elements)
    }
  }

  @Test func `keeps the right share`() {
    let y = dropout(.ones([40, 1000]), rate: 0.3, key: key, rows: Array(0..<40)).elements
    let share = Float(y.count { $0 != 0 }) / 40_000
    #expect(abs(share - 0.7) < 0.01)
    #expect(abs(y.reduce(0, +) / 40_000 - 1) < 0.015)
  }

  @Test func `drops whole paths and whole channels`() {
    let x = Tensor.ones([200, 2, 3, 4])
    let rows = Array(0..<200)
    let paths = dropPath(x, rate: 0.4, key: key, rows: rows).elements
    var kept = 0
    for row in rows {
      let values = Set(paths[(row * 24)..<(row * 24 + 24)])
      #expect(values == [0] || values == [1 / 0.6])
      if values != [0] { kept += 1 }
    }
    #expect(abs(kept - 120) < 30)
    let channels = channelDropout(x, rate: 0.4, key: key, rows: rows).elements
    var open = 0
    for channel in 0..<800 {
      let start = channel / 4 * 24 + channel % 4
      let values = Set((0..<6).map { channels[start + $0 * 4] })
      #expect(values == [0] || values == [1 / 0.6])
      if values != [0] { open += 1 }
    }
    #expect(abs(open - 480) < 60)
  }

  @Test func `has the right gradients`() throws {
    let x = Tensor.normal([3, 2, 4], key: RandomKey(seed: 2))
    for operation in [dropout, dropPath, channelDropout] {
      try checkGradient(at: [x], second: true) {
        let y = operation($0[0], 0.5, key, [1, 2, 3])
        return y * y
      }
    }
  }

  @Test func `does nothing at rate 0 and accepts an empty batch`() {
    let x = Tensor.normal([2, 3], key: RandomKey(seed: 3))
    #expect(dropout(x, rate: 0, key: key, rows: [0, 1]).elements == x.elements)
    #expect(dropout(.zeros([0, 3]), rate: 0.5, key: key, rows: []).shape == [0, 3])
    #expect(dropPath(.zeros([0, 3]), rate: 0.5, key: key, rows: []).shape == [0, 3])
    #expect(channelDropout(.zeros([0, 3]), rate: 0.5, key: key, rows: []).shape == [0, 3])
  }
}
