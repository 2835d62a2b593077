package enum Comparison: Int32, Sendable {
  case equal, less, lessOrEqual, greater, greaterOrEqual  // order of enum mk_comparison
}

/// What one side of `select` is: a tensor or a constant.
package enum Choice {
  case tensor(Tensor)
  case constant(Float)
}

/// Comparisons and choices by mask.
package protocol ComparisonKernels {
  func compare(_ f: Comparison, _ a: Tensor, _ b: Tensor, into y: ByteTensor)
  func compare(_ f: Comparison, _ a: Tensor, _ b: Float, into y: ByteTensor)
  /// y = mask ? a : b, the mask repeated over leading axes.
  func select(_ mask: ByteTensor, _ a: Choice, _ b: Choice, into y: Tensor)
  func allFinite(_ x: Tensor) -> Bool
}

private func compared(_ f: Comparison, _ a: Tensor, _ b: Tensor) -> ByteTensor {
  let shape = resultShape("\(f)", a, b)
  let mask = ByteTensor(uninitialized: shape)
  a.backend.compare(
    f, a.detached.broadcast(to: shape).contiguous(), b.detached.broadcast(to: shape).contiguous(),
    into: mask)
  return mask
}

private func compared(_ f: Comparison, _ a: Tensor, _ b: Float) -> ByteTensor {
  let mask = ByteTensor(uninitialized: a.shape)
  a.backend.compare(f, a.plain, b, into: mask)
  return mask
}

/// 1 where a = b, else 0; broadcasts as arithmetic does.
public func equal(_ a: Tensor, _ b: Tensor) -> ByteTensor { compared(.equal, a, b) }
public func equal(_ a: Tensor, _ b: Float) -> ByteTensor { compared(.equal, a, b) }
/// 1 where a < b, else 0.
public func less(_ a: Tensor, _ b: Tensor) -> ByteTensor { compared(.less, a, b) }
public func less(_ a: Tensor, _ b: Float) -> ByteTensor { compared(.less, a, b) }
/// 1 where a ≤ b, else 0.
public func lessOrEqual(_ a: Tensor, _ b: Tensor) -> ByteTensor { compared(.lessOrEqual, a, b) }
public func lessOrEqual(_ a: Tensor, _ b: Float) -> ByteTensor { compared(.lessOrEqual, a, b) }
/// 1 where a > b, else 0.
public func greater(_ a: Tensor, _ b: Tensor) -> ByteTensor { compared(.greater, a, b) }
public func greater(_ a: Tensor, _ b: Float) -> ByteTensor { compared(.greater, a, b) }
/// 1 where a ≥ b, else 0.
public func greaterOrEqual(_ a: Tensor, _ b: Tensor) -> ByteTensor {
  compared(.greaterOrEqual, a, b)
}
public func greaterOrEqual(_ a: Tensor, _ b: Float) -> ByteTensor {
  compared(.greaterOrEqual, a, b)
}

/// The larger of each pair; NaN where one is. Gradient: to `a` where a ≥ b, else to `b`.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
  extreme("maximum", .maximum, a, b, greaterOrEqual)
}

/// The smaller of each pair; NaN where one is. Gradient: to `a` where a ≤ b, else to `b`.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
  extreme("minimum", .minimum, a, b, lessOrEqual)
}

/// max(x, c). Gradient: passes where x ≥ c.
public func maximum(_ x: Tensor, _ c: Float) -> Tensor {
  x.combined(.maximum, c).recorded(from: x) { select(greaterOrEqual(x, c), $0, 0) }
}

/// min(x, c). Gradient: passes where x ≤ c.
public func minimum(_ x: Tensor, _ c: Float) -> Tensor {
  x.combined(.minimum, c).recorded(from: x) { select(lessOrEqual(x, c), $0, 0) }
}

private func extreme(
  _ name: String, _ f: BinaryOperation, _ a: Tensor, _ b: Tensor,
  _ firstWins: @escaping (Tensor, Tensor) -> ByteTensor
) -> Tensor {
  let shape = resultShape(name, a, b)
  return a.commuted(f, b, shape).recorded(
    from: a, { select(firstWins(a, b), $0, 0).reduced(to: a.shape) },
    b, { select(firstWins(a, b), 0, $0).reduced(to: b.shape) })
}

/// a where the mask is not 0, else b. The mask has the result's shape or its last axes.
public func select(_ mask: ByteTensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(a.shape == b.shape, "select: shapes \(a.shape) and \(b.shape)")
  return chosen(mask, .tensor(a.plain), .tensor(b.plain), a.shape).recorded(
    from: a, { select(mask, $0, 0) }, b, { select(mask, 0, $0) })
}

public func select(_ mask: ByteTensor, _ a: Tensor, _ b: Float) -> Tensor {
  chosen(mask, .tensor(a.plain), .constant(b), a.shape).recorded(from: a) { select(mask, $0, 0) }
}

public func select(_ mask: ByteTensor, _ a: Float, _ b: Tensor) -> Tensor {
  chosen(mask, .constant(a), .tensor(b.plain), b.shape).recorded(from: b) { select(mask, 0, $0) }
}

/// A mask as numbers.
public func select(_ mask: ByteTensor, _ a: Float, _ b: Float) -> Tensor {
  chosen(mask, .constant(a), .constant(b), mask.shape)
}

private func chosen(_ mask: ByteTensor, _ a: Choice, _ b: Choice, _ shape: [Int]) -> Tensor {
  precondition(
    mask.shape.count <= shape.count && mask.shape[...] == shape.suffix(mask.shape.count),
    "select: mask \(mask.shape) for shape \(shape)")
  let y = Tensor(uninitialized: shape, on: mask.storage.device)
  y.backend.select(mask, a, b, into: y)
  return y
}

extension Tensor {
  /// Whether no element is infinite or NaN.
  public var allFinite: Bool { backend.allFinite(plain) }
}

extension ByteTensor {
  /// Where both are set. Precondition: equal shapes.
  public static func & (a: ByteTensor, b: ByteTensor) -> ByteTensor {
    a.merged(b) { $0 != 0 && $1 != 0 }
  }

  /// Where either is set. Precondition: equal shapes.
  public static func | (a: ByteTensor, b: ByteTensor) -> ByteTensor {
    a.merged(b) { $0 != 0 || $1 != 0 }
  }

  /// Where it is not set.
  public static prefix func ! (mask: ByteTensor) -> ByteTensor {
    mask.merged(mask) { first, _ in first == 0 }
  }

  /// How many are not 0.
  public var trueCount: Int {
    withUnsafeElements { $0.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } }
  }

  private func merged(_ other: ByteTensor, _ f: (UInt8, UInt8) -> Bool) -> ByteTensor {
    precondition(shape == other.shape, "masks of shapes \(shape) and \(other.shape)")
    return ByteTensor(shape: shape) { result in
      withUnsafeElements { a in
        other.withUnsafeElements { b in
          for index in result.indices { result[index] = f(a[index], b[index]) ? 1 : 0 }
        }
      }
    }
  }

  /// [size, size]: set where column ≤ row, so that a position sees itself and what came before.
  public static func causalMask(_ size: Int) -> ByteTensor {
    ByteTensor(shape: [size, size]) { mask in
      for row in 0..<size {
        for column in 0..<size { mask[row * size + column] = column <= row ? 1 : 0 }
      }
    }
  }
}
