import TestSupport
import Testing

import Tensors

@Suite struct ResizeTests {
  private let row = Tensor([1, 2, 4], shape: [1, 3, 1])

  // The expected numbers follow from torch's formulas by hand: source = (i + ½)·in/out − ½, or
  // i·(in − 1)/(out − 1) with matched corners.
  @Test func `interpolates between pixel areas`() {
    expectClose(
      resize(row, to: [6], mode: .bilinear(alignCorners: false)),
      Tensor([1, 1.25, 1.75, 2.5, 3.5, 4], shape: [1, 6, 1]))
    expectClose(
      resize(row, to: [2], mode: .bilinear(alignCorners: false)),
      Tensor([1.25, 3.5], shape: [1, 2, 1]))
  }

  @Test func `interpolates between pixel centres`() {
    expectClose(
      resize(row, to: [5], mode: .bilinear(alignCorners: true)),
      Tensor([1, 1.5, 2, 3, 4], shape: [1, 5, 1]))
    expectClose(
      resize(row, to: [1], mode: .bilinear(alignCorners: true)), Tensor([1], shape: [1, 1, 1]))
  }

  @Test func `takes the sample before`() {
    #expect(resize(row, to: [7], mode: .nearest).elements == [1, 1, 1, 2, 2, 4, 4])
    #expect(resize(row, to: [2], mode: .nearest).elements == [1, 2])
  }

  @Test func `treats the axes alike`() {
    let x = Tensor.normal([2, 3, 4, 2], key: RandomKey(seed: 1))
    for mode in [
      ResizeMode.bilinear(alignCorners: false), .bilinear(alignCorners: true), .nearest,
      .bicubic(alignCorners: false), .bicubic(alignCorners: true),
    ] {
      let y = resize(x, to: [5, 7], mode: mode)
      let columns = resize(x.reshaped([6, 4, 2]), to: [7], mode: mode).reshaped([2, 3, 7, 2])
      let turned = columns.permuted([0, 2, 1, 3]).reshaped([14, 3, 2])
      let both = resize(turned, to: [5], mode: mode).reshaped([2, 7, 5, 2])
      expectClose(y, both.permuted([0, 2, 1, 3]), within: 1e-5)
      expectClose(resize(x, to: [3, 4], mode: mode), x, within: 1e-6)
    }
  }

  @Test func `reproduces cubics away from the border`() {
    // Keys' kernel with a = −0.75 reproduces constants, and straight lines at the midpoints.
    let x = Tensor((0..<8).map(Float.init), shape: [1, 8, 1])
    let y = resize(x, to: [15], mode: .bicubic(alignCorners: true)).elements
    for place in 4...10 { #expect(abs(y[place] - Float(place) / 2) < 1e-5) }
    // torch.nn.functional.interpolate of [1, 2, 4] to 4: weights at ¼ and ¾ of a cell.
    let w: [Float] = [-0.10546875, 0.87890625, 0.26171875, -0.03515625]
    let z = resize(
      Tensor([1, 2, 4, 8, 16, 32, 64, 128], shape: [1, 8, 1]), to: [16],
      mode: .bicubic(alignCorners: false)
    ).elements
    let expected = w[0] * 4 + w[1] * 8 + w[2] * 16 + w[3] * 32
    #expect(abs(z[7] - expected) < 1e-4)
  }

  @Test func `has the right gradients`() throws {
    let x = Tensor.normal([2, 3, 4, 2], key: RandomKey(seed: 2))
    for mode in [
      ResizeMode.bilinear(alignCorners: false), .bilinear(alignCorners: true), .nearest,
      .bicubic(alignCorners: false),
    ] {
      try checkGradient(at: [x], second: true) {
        let y = resize($0[0], to: [5, 3], mode: mode)
        return y * y
      }
    }
    let volume = Tensor.normal([1, 2, 3, 2, 2], key: RandomKey(seed: 3))
    try checkGradient(at: [volume]) {
      resize($0[0], to: [3, 5, 4], mode: .bilinear(alignCorners: false))
    }
  }

  @Test func `accepts an empty batch`() {
    let y = resize(.zeros([0, 3, 3, 2]), to: [6, 6], mode: .nearest)
    #expect(y.shape == [0, 6, 6, 2])
  }
}
