import Foundation
import TestSupport
import Testing

import Tensors

@Suite struct FunctionsTests {
  /// A function of floats beside its definition in float64, over a grid.
  private func compare(
    _ f: (Tensor) -> Tensor, _ definition: (Double) -> Double, from: Double, to: Double,
    units: Double = 4, absolute: Double = 0, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let count = 200_001
    let x = Tensor(shape: [count]) { values in
      for index in values.indices {
        values[index] = Float(from + (to - from) * Double(index) / Double(count - 1))
      }
    }
    for (argument, found) in zip(x.elements, f(x).elements) {
      let expected = definition(Double(argument))
      let allowed = Swift.max(absolute, units * Double(Float(expected).ulp))
      if !(Swift.abs(Double(found) - expected) <= allowed) {
        Issue.record("f(\(argument)) is \(found), not \(expected)", sourceLocation: sourceLocation)
        return
      }
    }
  }

  @Test func `agrees with the C library over dense grids`() {
    compare(exp, Foundation.exp, from: -87, to: 88.5)
    compare(expm1, Foundation.expm1, from: -20, to: 20)
    compare(log, Foundation.log, from: 1e-6, to: 3)
    compare(log, Foundation.log, from: 3, to: 1e9)
    compare(log1p, Foundation.log1p, from: -0.99, to: 20)
    compare(tanh, Foundation.tanh, from: -15, to: 15)
    compare(erf, Foundation.erf, from: -6, to: 6, absolute: 3e-7)
    compare(sin, Foundation.sin, from: -100, to: 100, absolute: 3e-7)
    compare(cos, Foundation.cos, from: -100, to: 100, absolute: 3e-7)
    compare(sqrt, { $0.squareRoot() }, from: 0, to: 1e4, units: 1)
    compare(rsqrt, { 1 / $0.squareRoot() }, from: 1e-3, to: 1e4)
    compare(sigmoid, { 1 / (1 + Foundation.exp(-$0)) }, from: -80, to: 80)
    compare(softplus, { Foundation.log1p(Foundation.exp($0)) }, from: -80, to: 80)
    compare({ pow($0, 1.7) }, { Foundation.pow($0, 1.7) }, from: 1e-3, to: 50, units: 24)
    compare({ pow($0, -3) }, { Foundation.pow($0, -3) }, from: -4, to: -0.1)
  }

  @Test func `follows the definitions of the activations`() {
    func phi(_ x: Double) -> Double { 0.5 * (1 + Foundation.erf(x / 2.0.squareRoot())) }
    func logistic(_ x: Double) -> Double { 1 / (1 + Foundation.exp(-x)) }
    compare(gelu, { $0 * phi($0) }, from: -8, to: 8, absolute: 1e-6)
    compare(quickGELU, { $0 * logistic(1.702 * $0) }, from: -8, to: 8, absolute: 1e-6)
    compare(silu, { $0 * logistic($0) }, from: -8, to: 8, absolute: 1e-6)
    compare({ elu($0, scale: 0.5) }, { $0 > 0 ? $0 : 0.5 * Foundation.expm1($0) }, from: -9, to: 9)
    compare({ leakyReLU($0, slope: 0.2) }, { $0 > 0 ? $0 : 0.2 * $0 }, from: -9, to: 9)
    #expect(relu(Tensor([-2, 0, 3])).elements == [0, 0, 3])
    #expect(clamp(Tensor([-2, 0, 3]), -1, 2).elements == [-1, 0, 2])
    #expect(hardTanh(Tensor([-2, 0.5, 3])).elements == [-1, 0.5, 1])
    #expect(abs(Tensor([-2, 0, 3])).elements == [2, 0, 3])
    #expect(sign(Tensor([-2, 0, 3])).elements == [-1, 0, 1])
    #expect(pow(Tensor([-2, 3]), 3).elements == [-8, 27])
    #expect(pow(Tensor([0, 4]), 0).elements == [1, 1])
  }

  @Test func `keeps extremes where they belong`() {
    let infinity = Float.infinity
    #expect(exp(Tensor([-infinity, -1000, 1000, infinity])).elements == [0, 0, infinity, infinity])
    #expect(log(Tensor([0, infinity])).elements == [-infinity, infinity])
    #expect(log(Tensor([-1])).elements[0].isNaN)
    #expect(sigmoid(Tensor([-1000, 1000])).elements == [0, 1])
    #expect(softplus(Tensor([-1000, 1000])).elements == [0, 1000])
    #expect(tanh(Tensor([-infinity, 1000])).elements == [-1, 1])
    #expect(erf(Tensor([-infinity, 1000])).elements == [-1, 1])
    let functions: [(Tensor) -> Tensor] = [
      exp, log, tanh, erf, sigmoid, relu, gelu, silu, softplus, sin, cos,
    ]
    for f in functions {
      #expect(f(Tensor([.nan])).elements[0].isNaN)
      #expect(f(Tensor([], shape: [0, 3])).shape == [0, 3])
      #expect(f(Tensor(1)).shape == [])
    }
  }

  @Test func `has first and second gradients`() throws {
    let x = spread([12])  // -1.1, -0.9 … 1.1
    let functions: [(Tensor) -> Tensor] = [
      exp, expm1, square, abs, sin, cos, tanh, erf, sigmoid, softplus, relu, gelu, quickGELU, silu,
      { leakyReLU($0, slope: 0.2) }, { elu($0, scale: 0.7) }, { pow($0, 3) },
      { hardTanh($0 * 1.05) },
    ]
    for f in functions {
      try checkGradient(at: [x], second: true) { f($0[0]) }
    }
    let positive = x + 2
    let others: [(Tensor) -> Tensor] = [
      log, log1p, sqrt, rsqrt, reciprocal, { pow($0, 1.7) }, { pow($0, 0.5) }, { pow($0, -2) },
    ]
    for f in others {
      try checkGradient(at: [positive], second: true) { f($0[0]) }
    }
  }

  @Test func `has the gradient of its recorded form in the kernel`() throws {
    let x = sample([1000])
    let functions: [(Tensor) -> Tensor] = [
      exp, tanh, erf, sigmoid, softplus, gelu, quickGELU, silu, sin, cos, abs, { elu($0) },
    ]
    for f in functions {
      let (kernel, recorded) = try withTape {
        let t = x.tracked()
        let first = try gradients(of: f(t).sum(), over: [t])[0]
        let again = try gradients(of: f(t).sum(), over: [t], differentiable: true)[0]
        return (first, again.detached)
      }
      expectClose(kernel, recorded, within: 2e-6)
    }
  }
}
