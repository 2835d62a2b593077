/// Products of row-major matrices.
package protocol MatrixKernels {
  /// y[b] = op(a[b]) · op(b[b]) for `batch` matrices lying one after another; `m`, `n`, `k` are the
  /// product's sizes, op transposes if asked. A stride of 0 matrices repeats an operand.
  func multiply(
    _ a: Tensor, transposed: Bool, matrixStride: Int, _ b: Tensor, transposed: Bool,
    matrixStride: Int, into y: Tensor, batch: Int, m: Int, n: Int, k: Int)
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
  let y = product(a, b)
  return y.recorded(
    from: a, { matmul($0, b.transposed) },
    b, { dy in
      guard b.rank == 2, a.rank > 2 else { return matmul(a.transposed, dy) }
      let rows = a.count / max(1, a.shape[a.rank - 1])
      return matmul(
        a.reshaped([rows, a.shape[a.rank - 1]]).transposed, dy.reshaped([rows, b.shape[1]]))
    })
}

/// The product without gradient; reads transposed operands where they lie.
private func product(_ a: Tensor, _ b: Tensor) -> Tensor {
  let (left, leftTransposed) = a.asMatrices()
  let (right, rightTransposed) = b.asMatrices()
  let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
  let y = Tensor(uninitialized: a.shape.dropLast() + [n], on: a.storage.device)
  guard y.count > 0 else { return y }
  let batch = a.shape.dropLast(2).reduce(1, *)
  if b.rank == 2, !leftTransposed {
    a.backend.multiply(
      left, transposed: false, matrixStride: 0, right, transposed: rightTransposed,
      matrixStride: 0, into: y, batch: 1, m: batch * m, n: n, k: k)
  } else {
    a.backend.multiply(
      left, transposed: leftTransposed, matrixStride: m * k, right, transposed: rightTransposed,
      matrixStride: b.rank == 2 ? 0 : k * n, into: y, batch: batch, m: m, n: n, k: k)
  }
  return y
}

extension Tensor {
  /// Contiguous memory holding these matrices, and whether each lies there transposed.
  fileprivate func asMatrices() -> (Tensor, transposed: Bool) {
    if isContiguous { return (self, false) }
    let flipped = swappedLastAxes()
    return flipped.isContiguous ? (flipped, true) : (contiguous(), false)
  }
}
