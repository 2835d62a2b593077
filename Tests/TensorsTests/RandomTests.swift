import CKernels
import TestSupport
import Testing

import Tensors

@Suite struct RandomTests {
  /// The vectors of Random123's kat_vectors for philox4x32, 10 rounds.
  @Test func `is Philox as published`() {
    func words(_ key: UInt64, _ stream: UInt64, _ index: UInt64) -> [UInt32] {
      var out = [UInt32](repeating: 0, count: 4)
      mk_philox(key, stream, index, &out)
      return out
    }
    #expect(words(0, 0, 0) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    #expect(
      words(.max, .max, .max) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      words(0x299f_31d0_a409_3822, 0x0370_7344_1319_8a2e, 0x85a3_08d3_243f_6a88)
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func `draws the same by tensor and by element, whatever the length`() {
    let key = RandomKey(seed: 3).derived("draws")
    let long = Tensor.uniform([1001], key: key).elements
    #expect(Array(long.prefix(7)) == Tensor.uniform([7], key: key).elements)
    #expect(long[4] == key.uniform(1))
    let normal = Tensor.normal([1001], key: key).elements
    #expect(Array(normal.prefix(6)) == Tensor.normal([6], key: key).elements)
    #expect(long != Tensor.uniform([1001], key: key.derived(1)).elements)
  }

  @Test func `has the moments of its distributions`() {
    let uniform = Tensor.uniform([100_000], key: RandomKey(seed: 1))
    let normal = Tensor.normal([100_000], key: RandomKey(seed: 2))
    expectClose(uniform.mean(), Tensor(0.5), within: 0.005)
    expectClose(uniform.variance(axes: [0]), Tensor(1.0 / 12), within: 0.002)
    expectClose(normal.mean(), Tensor(0), within: 0.015)
    expectClose(normal.variance(axes: [0]), Tensor(1), within: 0.02)
    expectClose(pow(normal, 4).mean(), Tensor(3), within: 0.05)
    #expect(uniform.min().scalar >= 0 && uniform.max().scalar < 1)
    #expect(normal.allFinite)
  }
}
