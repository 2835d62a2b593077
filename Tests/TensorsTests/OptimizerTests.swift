import TestSupport
import Testing

import Tensors

/// Each kernel beside its formula, element by element in float64, over three steps.
@Suite struct OptimizerTests {
  private let kernels = Device.cpu.backend
  private let count = 101

  private func range(_ values: [Float]) -> FloatRange {
    FloatRange(Tensor(values).storage, offset: 0, count: values.count)
  }

  private func draws(_ seed: UInt64) -> [Float] { sample([count], seed: seed).elements }

  private func expectSame(
    _ found: FloatRange, _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectClose(
      Tensor(found.elements), Tensor(expected.map { Float($0) }), within: 2e-6,
      sourceLocation: sourceLocation)
  }

  @Test func `descends as SGD does`() {
    for (momentum, dampening, nesterov) in [(0, 0, false), (0.9, 0, false), (0.9, 0.3, false), (0.9, 0, true)] {
      let p = range(draws(1))
      let buffer = range([Float](repeating: .nan, count: count))
      var (w, v) = (draws(1).map(Double.init), [Double](repeating: 0, count: count))
      for t in 1...3 {
        let g = draws(UInt64(10 + t))
        var step = SGDStep(rate: 0.1)
        step.momentum = Float(momentum)
        step.dampening = Float(dampening)
        step.weightDecay = 0.01
        step.nesterov = nesterov
        step.isFirst = t == 1
        kernels.sgd(step, p, gradient: range(g), momentum: momentum == 0 ? nil : buffer)
        for i in 0..<count {
          var d = Double(g[i]) + 0.01 * w[i]
          if momentum > 0 {
            v[i] = t == 1 ? d : momentum * v[i] + (1 - dampening) * d
            d = nesterov ? d + momentum * v[i] : v[i]
          }
          w[i] -= 0.1 * d
        }
      }
      expectSame(p, w)
    }
  }

  @Test func `descends as Adam and AdamW do`() {
    for isDecoupled in [false, true] {
      let (p, m, v) = (range(draws(1)), range(.init(repeating: 0, count: count)), range(.init(repeating: 0, count: count)))
      var w = draws(1).map(Double.init)
      var (m1, m2) = (w.map { _ in 0.0 }, w.map { _ in 0.0 })
      var (b1, b2) = (1.0, 1.0)
      for t in 1...3 {
        let g = draws(UInt64(10 + t))
        var step = AdamStep(rate: 0.01, number: t)
        step.weightDecay = 0.1
        step.isDecoupled = isDecoupled
        kernels.adam(step, p, gradient: range(g), first: m, second: v)
        (b1, b2) = (b1 * 0.9, b2 * 0.999)
        for i in 0..<count {
          if isDecoupled { w[i] *= 1 - 0.01 * 0.1 }
          let d = Double(g[i]) + (isDecoupled ? 0 : 0.1 * w[i])
          m1[i] = 0.9 * m1[i] + 0.1 * d
          m2[i] = 0.999 * m2[i] + 0.001 * d * d
          w[i] -= 0.01 / (1 - b1) * m1[i] / ((m2[i] / (1 - b2)).squareRoot() + 1e-8)
        }
      }
      expectSame(p, w)
      expectSame(m, m1)
      expectSame(v, m2)
    }
  }

  @Test func `descends as LARS does`() {
    let (p, buffer) = (range(draws(1)), range(.init(repeating: 0, count: count)))
    var (w, v) = (draws(1).map(Double.init), [Double](repeating: 0, count: count))
    for t in 1...3 {
      let g = draws(UInt64(10 + t))
      kernels.lars(
        rate: 0.5, momentum: 0.9, weightDecay: 0.01, local: 0.03, p, gradient: range(g),
        velocity: buffer)
      for i in 0..<count {
        v[i] = 0.9 * v[i] + 0.03 * (Double(g[i]) + 0.01 * w[i])
        w[i] -= 0.5 * v[i]
      }
    }
    expectSame(p, w)
  }

  @Test func `averages, scales and adds in place`() {
    let (x, y) = (draws(1).map(Double.init), draws(2).map(Double.init))
    let target = range(draws(2))
    kernels.movingAverage(momentum: 0.996, of: range(draws(1)), into: target)
    expectSame(target, zip(x, y).map { 0.996 * $1 + 0.004 * $0 })
    let scaled = range(draws(1))
    kernels.scale(scaled, by: -2)
    expectSame(scaled, x.map { -2 * $0 })
    let added = range(draws(2))
    kernels.add(0.3, times: range(draws(1)), into: added)
    expectSame(added, zip(x, y).map { $1 + 0.3 * $0 })
    kernels.scale(range([]), by: 2)
  }

  @Test func `adds squares in float64 by blocks`() {
    for count in [0, 1, 4095, 4096, 4097, 10_000] {
      let x = sample([count], seed: 4)
      let whole = FloatRange(x.storage, offset: 0, count: count)
      let expected = x.elements.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(Swift.abs(kernels.sumOfSquares(whole) - expected) <= 1e-12 * expected)
      #expect(kernels.blockSumsOfSquares(whole).count == (count + 4095) / 4096)
    }
    let x = sample([10_000], seed: 4)
    let parts = [(0, 4096), (4096, 5904)].flatMap {
      kernels.blockSumsOfSquares(FloatRange(x.storage, offset: $0.0, count: $0.1))
    }
    #expect(parts == kernels.blockSumsOfSquares(FloatRange(x.storage, offset: 0, count: 10_000)))
  }
}
