import TestSupport
import Testing

import Tensors

@Suite struct SoftmaxTests {
  private let infinity = Float.infinity

  @Test func `follows the definitions`() {
    let x = sample([3, 37])
    let total = exp(x).sum(axes: [-1], keep: true)
    expectClose(softmax(x), exp(x) / total, within: 1e-6)
    expectClose(logSumExp(x, keep: true), log(total), within: 1e-6)
    expectClose(logSoftmax(x), x - log(total), within: 1e-6)
    expectClose(norm(x), sqrt(square(x).sum(axes: [-1])), within: 1e-6)
    expectClose(norm(l2Normalized(x)), .ones([3]), within: 1e-6)
    #expect(logSumExp(x).shape == [3])
  }

  @Test func `survives large, masked and missing logits`() {
    let x = Tensor([1000, 1000, -1000, -infinity, 5, -infinity], shape: [2, 3])
    #expect(softmax(x).elements == [0.5, 0.5, 0, 0, 1, 0])
    #expect(logSoftmax(x).elements[4] == 0)
    expectClose(logSumExp(x), Tensor([1000.6931, 5]))
    let masked = Tensor(repeating: -infinity, shape: [1, 3])
    #expect(softmax(masked).elements == [0, 0, 0])
    #expect(logSumExp(masked).elements == [-infinity])
    #expect(logSoftmax(masked).elements == [-infinity, -infinity, -infinity])
    #expect(softmax(Tensor([.nan, 1])).elements.count { $0.isNaN } == 2)
    #expect(logSumExp(Tensor([.nan])).elements[0].isNaN)
    #expect(softmax(Tensor([7])).elements == [1])
    #expect(softmax(Tensor([], shape: [2, 0])).shape == [2, 0])
    #expect(logSumExp(Tensor([], shape: [2, 0])).elements == [-infinity, -infinity])
    #expect(softmax(Tensor([], shape: [0, 4])).shape == [0, 4])
  }

  @Test func `gives masked rows no gradient`() throws {
    for f in [softmax, { logSumExp($0) }] {
      let dx = try withTape {
        let t = Tensor(repeating: -Float.infinity, shape: [1, 3]).tracked()
        let y = f(t)
        return try gradients(of: y, over: [t], seed: .ones(y.shape))[0]
      }
      #expect(dx.elements == [0, 0, 0])
    }
  }

  @Test func `has first and second gradients`() throws {
    let x = sample([2, 5])
    try checkGradient(at: [x], second: true) { softmax($0[0]) }
    try checkGradient(at: [x], second: true) { logSoftmax($0[0]) }
    try checkGradient(at: [x], second: true) { logSumExp($0[0]) }
    try checkGradient(at: [x], second: true) { logSumExp($0[0], keep: true) }
    try checkGradient(at: [x], second: true) { norm($0[0]) }
    try checkGradient(at: [x], second: true) { l2Normalized($0[0]) }
    try checkGradient(at: [x * 0.1], second: true) { l2Normalized($0[0], epsilon: 5) }
  }

  @Test func `takes the length of zeros for 0 without a gradient`() throws {
    let (length, dx, unit) = try withTape {
      let t = Tensor.zeros([1, 3]).tracked()
      let y = norm(t)
      return (y.detached, try gradients(of: y.sum(), over: [t])[0], l2Normalized(t).detached)
    }
    #expect(length.elements == [0])
    #expect(dx.elements == [0, 0, 0])
    #expect(unit.elements == [0, 0, 0])
  }

  @Test func `has the cross entropy of its definition`() {
    let x = sample([4, 6]) * 3
    let labels = IntTensor([2, 0, -1, 5])
    let logs = logSoftmax(x)
    let picked = logs.takeAlong(IntTensor([2, 0, 0, 5], shape: [4, 1])).squeezed(axis: 1)
    let smooth = logs.mean(axes: [1])
    let counted = Tensor([1, 1, 0, 1])
    expectClose(
      crossEntropyRows(x, labels, ignoring: -1), -picked * counted, within: 1e-6)
    expectClose(
      crossEntropyRows(x, labels, ignoring: -1, smoothing: 0.1),
      -(picked * 0.9 + smooth * 0.1) * counted, within: 1e-6)
    let masked = Tensor([1, -infinity, 2], shape: [1, 3])
    #expect(crossEntropyRows(masked, IntTensor([2])).allFinite)
    #expect(crossEntropyRows(Tensor([], shape: [0, 3]), IntTensor([])).shape == [0])
    #expect(crossEntropyRows(Tensor([1e4, -1e4], shape: [1, 2]), IntTensor([1])).scalar == 2e4)
  }

  @Test func `has first and second gradients of the cross entropy`() throws {
    let x = sample([3, 4])
    let labels = IntTensor([3, 255, 0])
    for smoothing in [0, 0.2] as [Float] {
      try checkGradient(at: [x], second: true) {
        crossEntropyRows($0[0], labels, ignoring: 255, smoothing: smoothing)
      }
      let (kernel, recorded) = try withTape {
        let t = x.tracked()
        func loss() -> Tensor {
          crossEntropyRows(t, labels, ignoring: 255, smoothing: smoothing).sum()
        }
        let first = try gradients(of: loss(), over: [t])[0]
        return (first, try gradients(of: loss(), over: [t], differentiable: true)[0].detached)
      }
      expectClose(kernel, recorded, within: 1e-6)
      #expect(kernel[1].elements == [0, 0, 0, 0])
    }
  }
}
