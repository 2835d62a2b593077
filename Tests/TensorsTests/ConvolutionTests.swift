import TestSupport
import Testing

import Tensors

/// One combination of settings.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
  var input: [Int]
  var outputs: Int
  var kernel: [Int]
  var stride: [Int]
  var padding: [Int]
  var dilation: [Int]
  var groups = 1

  var testDescription: String {
    "\(input)→\(outputs) k\(kernel) s\(stride) p\(padding) d\(dilation) g\(groups)"
  }
  var x: Tensor { .normal(input, key: RandomKey(seed: 1)) }
  var weight: Tensor {
    .normal(kernel + [input[input.count - 1] / groups, outputs], key: RandomKey(seed: 2))
  }
  var bias: Tensor { .normal([outputs], key: RandomKey(seed: 3)) }

  static let all: [Self] = [
    .init(input: [2, 7, 3], outputs: 4, kernel: [3], stride: [2], padding: [1], dilation: [1]),
    .init(
      input: [1, 3, 3, 36], outputs: 4, kernel: [2, 3], stride: [1, 1], padding: [1, 0],
      dilation: [1, 1], groups: 2),
    .init(
      input: [1, 5, 6, 2], outputs: 3, kernel: [3, 3], stride: [1, 1], padding: [1, 1],
      dilation: [1, 1]),
    .init(
      input: [2, 6, 5, 4], outputs: 6, kernel: [3, 2], stride: [2, 1], padding: [2, 0],
      dilation: [1, 2], groups: 2),
    .init(
      input: [2, 4, 5, 3], outputs: 2, kernel: [1, 1], stride: [1, 1], padding: [0, 0],
      dilation: [1, 1]),
    .init(
      input: [1, 5, 5, 3], outputs: 2, kernel: [1, 1], stride: [2, 2], padding: [0, 0],
      dilation: [1, 1]),
    .init(
      input: [1, 6, 6, 2], outputs: 4, kernel: [3, 3], stride: [1, 1], padding: [1, 2],
      dilation: [2, 1], groups: 2),
    .init(
      input: [1, 3, 4, 3, 2], outputs: 2, kernel: [2, 3, 2], stride: [1, 2, 1],
      padding: [1, 1, 0], dilation: [1, 1, 2]),
    .init(
      input: [1, 4, 5, 3], outputs: 3, kernel: [3, 3], stride: [2, 2], padding: [1, 1],
      dilation: [1, 1], groups: 3),
    .init(
      input: [1, 1, 1, 2], outputs: 2, kernel: [3, 3], stride: [1, 1], padding: [2, 2],
      dilation: [1, 1]),
  ]
}

@Suite struct ConvolutionTests {
  @Test(arguments: ConvolutionCase.all) func `is what its definition says`(_ c: ConvolutionCase) {
    let y = convolution(
      c.x, c.weight, bias: c.bias, stride: c.stride, padding: c.padding, dilation: c.dilation,
      groups: c.groups)
    expectClose(y, naive(c), within: 1e-4)
    let rectified = convolution(
      c.x, c.weight, bias: c.bias, stride: c.stride, padding: c.padding, dilation: c.dilation,
      groups: c.groups, rectified: true)
    #expect(rectified.elements == y.elements.map { max(0, $0) })
  }

  @Test func `agrees with its definition over many strips and channels`() {
    for (channels, outputs, groups) in [(96, 70, 1), (130, 130, 130), (3, 6, 3), (64, 64, 4)] {
      let c = ConvolutionCase(
        input: [2, 17, 19, channels], outputs: outputs, kernel: [3, 3], stride: [1, 1],
        padding: [1, 1], dilation: [1, 1], groups: groups)
      let y = convolution(c.x, c.weight, bias: c.bias, padding: 1, groups: groups)
      expectClose(y, naive(c), within: 1e-3)
    }
  }

  @Test(arguments: ConvolutionCase.all) func `has the right gradients`(_ c: ConvolutionCase) throws
  {
    try checkGradient(at: [c.x, c.weight, c.bias], second: true) {
      let y = convolution(
        $0[0], $0[1], bias: $0[2], stride: c.stride, padding: c.padding, dilation: c.dilation,
        groups: c.groups)
      return y * y * 0.1
    }
  }

  @Test func `passes gradients through the rectifier where it is open`() throws {
    let x = Tensor.normal([1, 4, 4, 2], key: RandomKey(seed: 4))
    let weight = Tensor.normal([3, 3, 2, 3], key: RandomKey(seed: 5))
    let (found, expected) = try withTape { () throws -> ([Tensor], [Tensor]) in
      let inputs = [x.tracked(), weight.tracked()]
      let rectified = convolution(inputs[0], inputs[1], padding: 1, rectified: true)
      let plain = convolution(inputs[0], inputs[1], padding: 1)
      let open = Tensor(plain.elements.map { $0 > 0 ? 1 : 0 }, shape: plain.shape)
      return (
        try gradients(of: (rectified * rectified).sum(), over: inputs),
        try gradients(of: (plain * plain * open).sum(), over: inputs)
      )
    }
    expectClose(found[0], expected[0])
    expectClose(found[1], expected[1])
  }

  @Test(arguments: ConvolutionCase.all)
  func `has transposed convolution as its adjoint`(_ c: ConvolutionCase) throws {
    let y = convolution(
      c.x, c.weight, stride: c.stride, padding: c.padding, dilation: c.dilation, groups: c.groups)
    let dy = Tensor.normal(y.shape, key: RandomKey(seed: 6))
    let spatial = c.input.count - 2
    let outputPadding = (0..<spatial).map { axis -> Int in
      let reach: Int = c.dilation[axis] * (c.kernel[axis] - 1) + 1
      let least: Int = (y.shape[axis + 1] - 1) * c.stride[axis] - 2 * c.padding[axis] + reach
      return c.input[axis + 1] - least
    }
    let dx = transposedConvolution(
      dy, c.weight, stride: c.stride, padding: c.padding, outputPadding: outputPadding,
      dilation: c.dilation, groups: c.groups)
    #expect(dx.shape == c.x.shape)
    expectClose((y * dy).sum(), (c.x * dx).sum(), within: 1e-5)
  }

  @Test(arguments: [(1, 1, 0, 1, 1), (2, 1, 1, 1, 1), (2, 0, 0, 2, 2), (3, 2, 1, 1, 4)])
  func `transposed has the right gradients`(
    stride: Int, padding: Int, outputPadding: Int, dilation: Int, groups: Int
  ) throws {
    let x = Tensor.normal([2, 3, 4, 4], key: RandomKey(seed: 7))
    let weight = Tensor.normal([3, 3, 8 / groups, 4], key: RandomKey(seed: 8))
    let bias = Tensor.normal([8], key: RandomKey(seed: 9))
    try checkGradient(at: [x, weight, bias], within: 2e-2, second: groups > 1) {
      let y = transposedConvolution(
        $0[0], $0[1], bias: $0[2], stride: stride, padding: padding, outputPadding: outputPadding,
        dilation: dilation, groups: groups)
      return y * y * 0.1
    }
  }

  @Test func `accepts an empty batch`() throws {
    let weight = Tensor.normal([3, 3, 2, 4], key: RandomKey(seed: 10))
    let bias = Tensor.zeros([4])
    let parts = try withTape { () throws -> [Tensor] in
      let inputs = [Tensor.zeros([0, 5, 5, 2]), weight, bias].map { $0.tracked() }
      let y = convolution(inputs[0], inputs[1], bias: inputs[2], stride: 2, padding: 1)
      #expect(y.shape == [0, 3, 3, 4])
      return try gradients(of: y.sum(), over: inputs)
    }
    #expect(parts[0].shape == [0, 5, 5, 2])
    #expect(parts[1].elements.allSatisfy { $0 == 0 })
    #expect(parts[2].elements == [0, 0, 0, 0])
  }

  @Test func `gives the same bits every time`() {
    let x = Tensor.normal([2, 20, 20, 24], key: RandomKey(seed: 11))
    let weight = Tensor.normal([3, 3, 24, 24], key: RandomKey(seed: 12))
    let runs = (0..<3).map { _ in convolution(x, weight, padding: 1).elements }
    #expect(runs[0] == runs[1] && runs[1] == runs[2])
  }

  /// Seven loops, in float64.
  private func naive(_ c: ConvolutionCase) -> Tensor {
    let rank = c.input.count - 2
    let ones = [Int](repeating: 1, count: 3 - rank)
    let zeros = [Int](repeating: 0, count: 3 - rank)
    let input = ones + c.input[1...rank]
    let (kernel, stride, dilation) = (ones + c.kernel, ones + c.stride, ones + c.dilation)
    let padding = zeros + c.padding
    let size = (0..<3).map { axis -> Int in
      let reach: Int = dilation[axis] * (kernel[axis] - 1) + 1
      return (input[axis] + 2 * padding[axis] - reach) / stride[axis] + 1
    }
    let channels = c.input[rank + 1]
    let (ins, outs) = (channels / c.groups, c.outputs / c.groups)
    let (x, weight, bias) = (c.x.elements, c.weight.elements, c.bias.elements)
    var y: [Float] = []
    for place in 0..<size.reduce(c.input[0], *) {
      let at = coordinates(place, in: [c.input[0]] + size)
      for output in 0..<c.outputs {
        var sum = Double(bias[output])
        for tap in 0..<kernel.reduce(1, *) {
          let t = coordinates(tap, in: kernel)
          var row = at[0]
          var isInside = true
          for axis in 0..<3 {
            let from: Int = at[axis + 1] * stride[axis] - padding[axis] + t[axis] * dilation[axis]
            isInside = isInside && from >= 0 && from < input[axis]
            row = row * input[axis] + from
          }
          guard isInside else { continue }
          for channel in 0..<ins {
            let value = x[row * channels + output / outs * ins + channel]
            sum += Double(value) * Double(weight[(tap * ins + channel) * c.outputs + output])
          }
        }
        y.append(Float(sum))
      }
    }
    return Tensor(y, shape: [c.input[0]] + size.suffix(rank) + [c.outputs])
  }

  private func coordinates(_ place: Int, in sizes: [Int]) -> [Int] {
    var (rest, result) = (place, [Int]())
    for size in sizes.reversed() {
      result.insert(rest % size, at: 0)
      rest /= size
    }
    return result
  }
}
