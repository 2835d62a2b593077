import COpenBLAS

extension BLAS {
  /// One matrix of a product: where it begins, how far apart its rows are, whether it is read
  /// transposed.
  struct Operand {
    let pointer: UnsafePointer<Float>
    let rowStride: Int
    var transposed = false
  }

  /// y = scale · op(a) · op(b) + keep · y, with y (m, n) and k the inner size.
  static func product(
    _ a: Operand, _ b: Operand, into y: UnsafeMutablePointer<Float>, rowStride: Int, m: Int, n: Int,
    k: Int, scale: Float = 1, keep: Float = 0
  ) {
    oneThread()
    cblas_sgemm(
      CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
      b.transposed ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), scale, a.pointer,
      Int32(max(1, a.rowStride)), b.pointer, Int32(max(1, b.rowStride)), keep, y,
      Int32(max(1, rowStride)))
  }
}
