package enum BinaryOperation: Int32, Sendable {
  case add, subtract, multiply, divide, maximum, minimum  // order of enum mk_binary
}

package enum UnaryOperation: Int32, Sendable {
  case negate, exp, log, sqrt, reciprocalSqrt, square, abs, tanh, erf, sigmoid, relu, reciprocal,
    sign, step, softplus, leakyReLU, cos, sin, power, gelu, quickGELU, silu, elu, clamp, log1p,
    expm1  // order of enum mk_unary
}

/// y[i] = f(x[i]) and y[i] = a[i] ∘ b[i].
package protocol ElementwiseKernels {
  /// `p` and `q` are the function's constants, where it has any.
  func unary(_ f: UnaryOperation, _ p: Float, _ q: Float, _ x: Tensor, into y: Tensor)
  /// dx = dy · f'(x).
  func unaryGradient(
    _ f: UnaryOperation, _ p: Float, _ q: Float, _ x: Tensor, _ dy: Tensor, into dx: Tensor)
  func binary(_ f: BinaryOperation, _ a: Tensor, _ b: Tensor, into y: Tensor)
  func binary(_ f: BinaryOperation, _ a: Tensor, scalar b: Float, into y: Tensor)
  /// b has one value per column of a, seen as (rows, b.count).
  func binary(_ f: BinaryOperation, _ a: Tensor, row b: Tensor, into y: Tensor)
  /// b has one value per row of a, seen as (b.count, columns).
  func binary(_ f: BinaryOperation, _ a: Tensor, column b: Tensor, into y: Tensor)
}

extension Tensor {
  /// This value in row-major memory as a constant: what kernels read.
  package var plain: Tensor { detached.contiguous() }

  /// An element-wise function without gradient.
  func mapped(_ f: UnaryOperation, _ p: Float = 0, _ q: Float = 0) -> Tensor {
    let y = Tensor(uninitialized: shape, on: storage.device)
    backend.unary(f, p, q, plain, into: y)
    return y
  }

  /// `self ∘ other` without gradient; the shapes agree, or `other` fits as `fits(into:)` says.
  func combined(_ f: BinaryOperation, _ other: Tensor) -> Tensor {
    let y = Tensor(uninitialized: shape, on: storage.device)
    let (a, b) = (plain, other.detached.withoutRepeats(in: shape))
    if b.shape == shape {
      backend.binary(f, a, b.contiguous(), into: y)
    } else if b.rank == 0 {
      backend.binary(f, a, scalar: b.scalar, into: y)
    } else if b.rank <= rank && b.shape[...] == shape.suffix(b.rank) {
      backend.binary(f, a, row: b.contiguous(), into: y)
    } else if isColumn(b) {
      backend.binary(f, a, column: b.contiguous(), into: y)
    } else {
      backend.binary(f, a, b.broadcast(to: shape).contiguous(), into: y)
    }
    return y
  }

  /// [a, b, 1, 1] against [a, b, c, d]: leading axes equal, the rest 1.
  private func isColumn(_ other: Tensor) -> Bool {
    guard other.rank == rank else { return false }
    let lead = zip(shape, other.shape).prefix { $0 == $1 }.count
    return other.shape[lead...].allSatisfy { $0 == 1 }
  }

  /// A broadcast view as the smaller tensor it repeats, so that it need not be written out: the
  /// cotangent of a sum is one number, of a row sum a column.
  private func withoutRepeats(in target: [Int]) -> Tensor {
    guard shape == target, zip(shape, strides).contains(where: { $0 > 1 && $1 == 0 }) else {
      return self
    }
    let sizes = zip(shape, strides).map { $1 == 0 ? 1 : $0 }
    let lead = sizes.prefix { $0 == 1 }.count
    let isRow = sizes[lead...] == shape[lead...]
    let drop = isRow ? lead : 0
    return Tensor(
      shape: Array(sizes[drop...]), strides: Array(strides[drop...]), offset: offset,
      storage: storage)
  }

  /// `combined` for operations whose operands may change places: the repeated one comes second.
  func commuted(_ f: BinaryOperation, _ other: Tensor, _ target: [Int]) -> Tensor {
    let first = shape == target && (other.shape != target || !strides.contains(0))
    return first ? combined(f, other) : other.combined(f, self)
  }

  func combined(_ f: BinaryOperation, _ scalar: Float) -> Tensor {
    let y = Tensor(uninitialized: shape, on: storage.device)
    backend.binary(f, plain, scalar: scalar, into: y)
    return y
  }

  /// self + part; in `self`'s own memory if nobody else sees it. For the reverse run only.
  package consuming func adding(consuming part: Tensor) -> Tensor {
    guard !Tape.isRecordingHere, ownsItsMemory() else { return self + part }
    backend.binary(.add, self, part.plain, into: self)
    return self
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
    let y = a.commuted(.add, b, shape)
    return y.recorded(from: a, { $0.reduced(to: a.shape) }, b, { $0.reduced(to: b.shape) })
  }

  public static func - (a: Tensor, b: Tensor) -> Tensor {
    let shape = resultShape("-", a, b)
    let y = a.detached.broadcast(to: shape).combined(.subtract, b)
    return y.recorded(from: a, { $0.reduced(to: a.shape) }, b, { (-$0).reduced(to: b.shape) })
  }

  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let shape = resultShape("*", a, b)
    let y = a.commuted(.multiply, b, shape)
    return y.recorded(
      from: a, { ($0 * b).reduced(to: a.shape) }, b, { ($0 * a).reduced(to: b.shape) })
  }

  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let shape = resultShape("/", a, b)
    let y = a.detached.broadcast(to: shape).combined(.divide, b)
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
