/// Systems of linear equations.
package protocol FactorizationKernels {
  /// x[i] = a[i]⁻¹ b[i], worked in float64. The first (matrix, row) whose pivot is not above 0, nil
  /// if there is none; otherwise x is undefined.
  func solve(_ a: Tensor, _ b: Tensor, into x: Tensor) -> (matrix: Int, row: Int)?
}

/// A matrix that should be positive definite and is not.
public struct NotPositiveDefinite: Error, Equatable, CustomStringConvertible {
  /// Its place among the matrices, and the row where its factorisation ended.
  public let matrix: Int
  public let row: Int

  public var description: String {
    "matrix \(matrix) is not positive definite: its factorisation ends at row \(row); its values "
      + "are not finite, or what is added to its diagonal is too small"
  }
}

/// A⁻¹ B for symmetric positive definite A, by Cholesky's factorisation in float64.
///
/// Shapes: `a` [..., n, n], of which the lower triangle is read, `b` [..., n, m] with the same leading
/// axes → [..., n, m].
/// Gradients: b̄ = A⁻¹ x̄; ā = −½ (b̄ xᵀ + x b̄ᵀ), that of a symmetric A.
/// Throws: `NotPositiveDefinite`.
public func solvePositiveDefinite(_ a: Tensor, _ b: Tensor) throws -> Tensor {
  precondition(
    a.rank >= 2 && b.rank == a.rank && a.shape[a.rank - 1] == a.shape[a.rank - 2]
      && a.shape.dropLast() == b.shape.dropLast(),
    "solvePositiveDefinite: shapes \(a.shape) and \(b.shape)")
  let x = Tensor(uninitialized: b.shape, on: a.storage.device)
  if let (matrix, row) = a.backend.solve(a.plain, b.plain, into: x) {
    throw NotPositiveDefinite(matrix: matrix, row: row)
  }
  return x.recorded(from: [a, b]) { dx in
    let x = Tape.isRecordingHere ? try solvePositiveDefinite(a, b) : x
    let db = try solvePositiveDefinite(a, dx)
    let product = matmul(db, x.transposed)
    return [(product + product.transposed) * -0.5, db]
  }
}
