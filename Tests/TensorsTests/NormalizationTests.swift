import TestSupport
import Testing

import Tensors

@Suite struct NormalizationTests {
  private let x = Tensor.normal([2, 3, 5, 6], key: RandomKey(seed: 1)) * 2 + 3
  private let weight = Tensor.normal([6], key: RandomKey(seed: 2))
  private let bias = Tensor.normal([6], key: RandomKey(seed: 3))

  @Test func `of a layer gives rows of mean 0 and variance 1`() {
    for width in [1, 5, 16, 37] {
      let rows = Tensor.normal([70, width], key: RandomKey(seed: 4)) * 3 + 10
      let y = layerNorm(rows, epsilon: 1e-5).elements
      let expected = rows.elements.chunks(of: width).flatMap { standard($0, epsilon: 1e-5) }
      expectClose(Tensor(y), Tensor(expected), within: 2e-5)
    }
    let y = layerNorm(x, weight: weight, bias: bias)
    expectClose(y, layerNorm(x) * weight + bias, within: 1e-6)
    expectClose(layerNorm(x, weight: weight), layerNorm(x) * weight, within: 1e-6)
    expectClose(layerNorm(x, bias: bias), layerNorm(x) + bias, within: 1e-6)
  }

  @Test func `of groups gives each sample's groups mean 0 and variance 1`() {
    for groups in [1, 2, 6] {
      let y = groupNorm(x, groups: groups)
      let order = [0, 3, 1, 2]  // [B, C, H, W]: a group lies together
      let grouped = x.permuted(order).elements.chunks(of: 90 / groups)
      let expected = grouped.flatMap { standard($0, epsilon: 1e-5) }
      expectClose(Tensor(y.permuted(order).elements), Tensor(expected), within: 1e-5)
      expectClose(
        groupNorm(x, groups: groups, weight: weight, bias: bias), y * weight + bias, within: 1e-5)
    }
    expectClose(instanceNorm(x), groupNorm(x, groups: 6))
  }

  @Test func `of a batch gives channels mean 0 and variance 1`() {
    let (y, moments) = batchNormalize(x, weight: weight, bias: bias, epsilon: 1e-3)
    let columns = x.reshaped([30, 6]).transposed.elements.chunks(of: 30)
    let unit = columns.flatMap { standard($0, epsilon: 1e-3) }
    let expected = Tensor(unit, shape: [6, 30]).transposed.reshaped(x.shape) * weight + bias
    expectClose(y, expected, within: 1e-5)
    #expect(moments.count == 30)
    for (channel, column) in columns.enumerated() {
      let mean = column.reduce(0) { $0 + Double($1) } / 30
      let spread = column.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      #expect(abs(moments.mean[channel] - mean) < 1e-12)
      #expect(abs(moments.squaredDeviations[channel] - spread) < 1e-10)
      #expect(abs(moments.unbiasedVariance[channel] - spread / 29) < 1e-10)
    }
    let given = batchNormalize(
      x, mean: Tensor(moments.mean.map(Float.init)),
      variance: Tensor(moments.variance.map(Float.init)), weight: weight, bias: bias,
      epsilon: 1e-3)
    expectClose(given, y, within: 1e-5)
  }

  @Test func `merges moments of parts`() {
    let rows = Tensor.normal([301, 70], key: RandomKey(seed: 5)) * 0.01 + 1000
    let whole = ChannelMoments(of: rows)
    let values = rows.elements
    let parts = [0..<0, 0..<130, 130..<131, 131..<301].map { range in
      ChannelMoments(
        of: Tensor(
          Array(values[(range.lowerBound * 70)..<(range.upperBound * 70)]),
          shape: [range.count, 70]))
    }
    let merged = parts.dropFirst().reduce(parts[0]) { $0.merged(with: $1) }
    #expect(merged.count == 301)
    for channel in 0..<70 {
      #expect(abs(merged.mean[channel] - whole.mean[channel]) < 1e-9)
      let distance = abs(merged.variance[channel] - whole.variance[channel])
      #expect(distance < 1e-9 * whole.variance[channel])
    }
  }

  @Test func `has the right gradients`() throws {
    let small = Tensor.normal([3, 2, 2, 4], key: RandomKey(seed: 6))
    let w = Tensor.normal([4], key: RandomKey(seed: 7)) + 1
    let b = Tensor.normal([4], key: RandomKey(seed: 8))
    try checkGradient(at: [small, w, b], within: 2e-2, second: true) {
      layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 0.1)
    }
    try checkGradient(at: [small], within: 2e-2, second: true) { layerNorm($0[0], epsilon: 0.1) }
    try checkGradient(at: [small, b], within: 2e-2) {
      layerNorm($0[0], bias: $0[1], epsilon: 0.1)
    }
    for groups in [1, 2, 4] {
      try checkGradient(at: [small, w, b], within: 2e-2, second: true) {
        groupNorm($0[0], groups: groups, weight: $0[1], bias: $0[2], epsilon: 0.1)
      }
    }
    try checkGradient(at: [small, w, b], within: 2e-2, second: true) {
      batchNormalize($0[0], weight: $0[1], bias: $0[2], epsilon: 0.1).0
    }
    let variance = Tensor([0.5, 1, 2, 3])
    try checkGradient(at: [small, w, b], within: 2e-2, second: true) {
      batchNormalize($0[0], mean: b, variance: variance, weight: $0[1], bias: $0[2])
    }
    try checkGradient(at: [small, b, variance], within: 2e-2, second: true) {
      batchNormalize($0[0], mean: $0[1], variance: $0[2])
    }
  }

  @Test func `of a batch in two parts is that of the whole`() throws {
    let cotangent = Tensor.normal([60, 6], key: RandomKey(seed: 9))
    let rows = Tensor.normal([60, 6], key: RandomKey(seed: 10)) + 2
    func part(_ t: Tensor, _ range: Range<Int>) -> Tensor {
      Tensor(
        Array(t.elements[(range.lowerBound * 6)..<(range.upperBound * 6)]),
        shape: [range.count, 6])
    }
    let whole = try withTape { () throws -> [Tensor] in
      let inputs = [rows, weight, bias].map { $0.tracked() }
      let y = batchNormalize(inputs[0], weight: inputs[1], bias: inputs[2]).0
      return try gradients(of: (y * cotangent).sum(), over: inputs)
    }
    let ranges = [0..<25, 25..<60]
    let moments = ranges.map { ChannelMoments(of: part(rows, $0)) }
    let merged = moments[0].merged(with: moments[1])
    var sums = [[Double]](repeating: [], count: 2)
    func run(_ index: Int, reduce: @escaping ([Double]) throws -> [Double]) throws -> [Tensor] {
      try withTape {
        let inputs = [part(rows, ranges[index]), weight, bias].map { $0.tracked() }
        let y = batchNormalize(
          inputs[0], moments: merged, weight: inputs[1], bias: inputs[2], epsilon: 1e-5,
          always: true, composite: nil, reduce: reduce)
        return try gradients(of: (y * part(cotangent, ranges[index])).sum(), over: inputs)
      }
    }
    for index in 0..<2 {
      _ = try run(index) {
        sums[index] = $0
        return $0
      }
    }
    let total = zip(sums[0], sums[1]).map { $0 + $1 }
    let parts = try (0..<2).map { try run($0) { _ in total } }
    expectClose(Tensor(parts[0][0].elements + parts[1][0].elements, shape: [60, 6]), whole[0])
    expectClose(parts[0][1] + parts[1][1], whole[1])
    expectClose(parts[0][2] + parts[1][2], whole[2])
  }

  @Test func `accepts an empty batch`() throws {
    let empty = Tensor.zeros([0, 2, 2, 6])
    for operation in [
      { (x: Tensor, w: Tensor) in layerNorm(x, weight: w) },
      { x, w in groupNorm(x, groups: 2, weight: w) },
      { x, w in batchNormalize(x, weight: w).0 },
    ] {
      let parts = try withTape { () throws -> [Tensor] in
        let inputs = [empty.tracked(), weight.tracked()]
        return try gradients(of: operation(inputs[0], inputs[1]).sum(), over: inputs)
      }
      #expect(parts[0].shape == empty.shape)
      #expect(parts[1].elements == [0, 0, 0, 0, 0, 0])
    }
  }

  /// (v − mean) / √(variance + ε), in float64.
  private func standard(_ values: [Float], epsilon: Double) -> [Float] {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let square = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    let root = (square / Double(values.count) + epsilon).squareRoot()
    return values.map { Float((Double($0) - mean) / root) }
  }
}

extension Array {
  fileprivate func chunks(of size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<($0 + size)]) }
  }
}
