package enum BinaryOperation: Int32, Sendable {
  case add, subtract, multiply, divide, maximum, minimum  // order of enum mk_binary
}

package enum UnaryOperation: Int32, Sendable {
  case negate, exp, log, sqrt, reciprocalSqrt, square, abs, tanh, erf, sigmoid, relu, reciprocal,
    sign, step, softplus, leakyReLU, cos, sin, power, gelu, quickGELU, silu  // order of enum mk_unary
}

/// y[i] = f(x[i]) and y[i] = a[i] ∘ b[i].
package protocol ElementwiseKernels {
  func unary(_ f: UnaryOperation, parameter: Float, _ x: Tensor, into y: Tensor)
  func binary(_ f: BinaryOperation, _ a: Tensor, _ b: Tensor, into y: Tensor)
  func binary(_ f: BinaryOperation, _ a: Tensor, scalar b: Float, into y: Tensor)
  /// b has one value per column of a, seen as (rows, b.count).
  func binary(_ f: BinaryOperation, _ a: Tensor, row b: Tensor, into y: Tensor)
  /// b has one value per row of a, seen as (b.count, columns).
  func binary(_ f: BinaryOperation, _ a: Tensor, column b: Tensor, into y: Tensor)
}

extension Tensor {
  /// An element-wise function without gradient.
  func mapped(_ f: UnaryOperation, parameter: Float = 0) -> Tensor {
    let x = contiguous()
    let y = Tensor(uninitialized: shape, on: storage.device)
    backend.unary(f, parameter: parameter, x, into: y)
    return y
  }

  /// `self ∘ other` without gradient; the shapes agree, or `other` fits as `fits(into:)` says.
  func combined(_ f: BinaryOperation, _ other: Tensor) -> Tensor {
    let a = contiguous()
    let y = Tensor(uninitialized: shape, on: storage.device)
    if other.shape == shape {
      backend.binary(f, a, other.contiguous(), into: y)
    } else if other.count == 1 && other.rank == 0 {
      backend.binary(f, a, scalar: other.scalar, into: y)
    } else if other.rank <= rank && other.shape[...] == shape.suffix(other.rank) {
      backend.binary(f, a, row: other.contiguous(), into: y)
    } else if isColumn(other) {
      backend.binary(f, a, column: other.contiguous(), into: y)
    } else {
      backend.binary(f, a, other.broadcast(to: shape).contiguous(), into: y)
    }
    return y
  }

  /// [a, b, 1, 1] against [a, b, c, d]: leading axes equal, the rest 1.
  private func isColumn(_ other: Tensor) -> Bool {
    guard other.rank == rank else { return false }
    let lead = zip(shape, other.shape).prefix { $0 == $1 }.count
    return other.shape[lead...].allSatisfy { $0 == 1 }
  }

  func combined(_ f: BinaryOperation, _ scalar: Float) -> Tensor {
    let a = contiguous()
    let y = Tensor(uninitialized: shape, on: storage.device)
    backend.binary(f, a, scalar: scalar, into: y)
    return y
  }

  /// self + part; in `self`'s own memory if nobody else sees it. For the reverse run only.
  consuming func adding(consuming part: Tensor) -> Tensor {
    self + part
  }
}

/// Broadcasting is one-sided: one operand has the result's shape, the other is a scalar [], has the
/// result's last axes ([C] against [B, H, W, C]), or has the same rank with 1 where it repeats.
/// Anything else is a programmer's error naming both shapes; say `broadcast(to:)` where you mean it.
func resultShape(_ operation: String, _ a: Tensor, _ b: Tensor) -> [Int] {
  if a.shape == b.shape || b.fits(into: a.shape) { return a.shape }
  precondition(
    a.fits(into: b.shape), "\(operation): shapes \(a.shape) and \(b.shape) do not broadcast")
  return b.shape
}

extension Tensor {
  func fits(into target: [Int]) -> Bool {
    if rank == 0 { return true }
    if rank < target.count { return shape[...] == target.suffix(rank) }
    return rank == target.count && zip(shape, target).allSatisfy { $0 == $1 || $0 == 1 }
  }
}

extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    let shape = resultShape("+", a, b)
    let y = a.shape == shape ? a.combined(.add, b) : b.combined(.add, a)
    return y.recorded(from: a, { $0.reduced(to: a.shape) }, b, { $0.reduced(to: b.shape) })
  }

  public static func - (a: Tensor, b: Tensor) -> Tensor {
    let shape = resultShape("-", a, b)
    let y = a.broadcast(to: shape).detached.combined(.subtract, b)
    return y.recorded(from: a, { $0.reduced(to: a.shape) }, b, { (-$0).reduced(to: b.shape) })
  }

  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let shape = resultShape("*", a, b)
    let y = a.shape == shape ? a.combined(.multiply, b) : b.combined(.multiply, a)
    return y.recorded(
      from: a, { ($0 * b).reduced(to: a.shape) }, b, { ($0 * a).reduced(to: b.shape) })
  }

  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let shape = resultShape("/", a, b)
    let y = a.broadcast(to: shape).detached.combined(.divide, b)
    return y.recorded(
      from: a, { ($0 / b).reduced(to: a.shape) },
      b, { (-($0 * a) / (b * b)).reduced(to: b.shape) })
  }

  public static prefix func - (x: Tensor) -> Tensor {
    x.mapped(.negate).recorded(from: x) { -$0 }
  }

  public static func + (x: Tensor, c: Float) -> Tensor {
    x.combined(.add, c).recorded(from: x) { $0 }
  }

  public static func - (x: Tensor, c: Float) -> Tensor { x + (-c) }

  public static func * (x: Tensor, c: Float) -> Tensor {
    x.combined(.multiply, c).recorded(from: x) { $0 * c }
  }

  public static func / (x: Tensor, c: Float) -> Tensor {
    x.combined(.divide, c).recorded(from: x) { $0 / c }
  }

  public static func + (c: Float, x: Tensor) -> Tensor { x + c }
  public static func - (c: Float, x: Tensor) -> Tensor { -x + c }
  public static func * (c: Float, x: Tensor) -> Tensor { x * c }
  public static func / (c: Float, x: Tensor) -> Tensor { reciprocal(x) * c }
}

/// eˣ. Gradient: ȳ · eˣ.
public func exp(_ x: Tensor) -> Tensor {
  x.mapped(.exp).recorded(from: x) { $0 * exp(x) }
}

/// 1 / x. Gradient: −ȳ / x².
public func reciprocal(_ x: Tensor) -> Tensor {
  x.mapped(.reciprocal).recorded(from: x) { -$0 / (x * x) }
}
