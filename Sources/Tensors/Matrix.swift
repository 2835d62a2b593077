/// One operand of a product: matrices with dense rows, or dense columns where transposed.
package struct MatrixOperand: Sendable {
  package let tensor: Tensor
  package let isTransposed: Bool
  /// Elements from one row (or column) to the next.
  package let leading: Int
  /// Where each matrix starts, in elements from the tensor's first.
  package let starts: [Int]
}

/// Products of matrices, where they lie.
package protocol MatrixKernels {
  /// y[i] = a[i] · b[i], matrices of y one after another; sizes [m, k] × [k, n].
  func multiply(
    _ a: MatrixOperand, _ b: MatrixOperand, into y: Tensor, m: Int, n: Int, k: Int)
}

/// Matrix product over the last two axes.
///
/// Shapes: [..., m, k] × [..., k, n] → [..., m, n], leading axes equal; or [..., m, k] × [k, n].
/// Gradients: ā = ȳ bᵀ, b̄ = aᵀ ȳ (summed over leading axes where b has none).
/// OpenBLAS, one thread; the bits depend on the sizes and operations alone.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(
    a.rank >= 2 && b.rank >= 2 && a.shape[a.rank - 1] == b.shape[b.rank - 2]
      && (b.rank == 2 || a.shape.dropLast(2) == b.shape.dropLast(2)),
    "matmul: shapes \(a.shape) and \(b.shape)")
  let y = product(a.detached, b.detached)
  return y.recorded(
    from: a, { matmul($0, b.transposed) },
    b,
    { dy in
      guard b.rank == 2, a.rank > 2 else { return matmul(a.transposed, dy) }
      let rows = a.shape.dropLast().reduce(1, *)
      return matmul(
        a.reshaped([rows, b.shape[0]]).transposed, dy.reshaped([rows, b.shape[1]]))
    })
}

/// The product without gradient; reads transposed and strided operands where they lie.
private func product(_ a: Tensor, _ b: Tensor) -> Tensor {
  let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
  let y = Tensor(uninitialized: a.shape.dropLast() + [n], on: a.storage.device)
  guard y.count > 0 else { return y }
  guard k > 0 else { return .zeros(y.shape) }
  let right = b.asOperand()
  if b.rank == 2, a.isContiguous {
    // One tall product instead of many.
    let rows = y.count / n
    let left = MatrixOperand(tensor: a, isTransposed: false, leading: k, starts: [0])
    a.backend.multiply(left, right, into: y, m: rows, n: n, k: k)
  } else {
    let left = a.asOperand()
    let repeated = MatrixOperand(
      tensor: right.tensor, isTransposed: right.isTransposed, leading: right.leading,
      starts: b.rank == 2 ? left.starts.map { _ in 0 } : right.starts)
    a.backend.multiply(left, repeated, into: y, m: m, n: n, k: k)
  }
  return y
}

extension Tensor {
  /// These matrices as they lie if rows or columns are dense, else copied.
  fileprivate func asOperand() -> MatrixOperand {
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let (rowStride, columnStride) = (strides[rank - 2], strides[rank - 1])
    if (columnStride == 1 || columns == 1) && (rowStride >= columns || rows == 1) {
      let leading = rows == 1 ? columns : rowStride
      return MatrixOperand(
        tensor: self, isTransposed: false, leading: leading, starts: matrixStarts())
    }
    if (rowStride == 1 || rows == 1) && (columnStride >= rows || columns == 1) {
      let leading = columns == 1 ? rows : columnStride
      return MatrixOperand(
        tensor: self, isTransposed: true, leading: leading, starts: matrixStarts())
    }
    return contiguous().asOperand()
  }

  /// Where each matrix of the leading axes starts, in row-major order of those axes.
  private func matrixStarts() -> [Int] {
    zip(shape, strides).dropLast(2).reduce([0]) { starts, axis in
      starts.flatMap { start in (0..<axis.0).map { start + $0 * axis.1 } }
    }
  }
}
