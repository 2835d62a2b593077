import COpenBLAS

extension CPUBackend {
  package func multiply(
    _ a: MatrixOperand, _ b: MatrixOperand, into y: Tensor, m: Int, n: Int, k: Int
  ) {
    BLAS.oneThread()
    for (index, (left, right)) in zip(a.starts, b.starts).enumerated() {
      cblas_sgemm(
        CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans,
        b.isTransposed ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1,
        a.tensor.pointer + left, Int32(a.leading), b.tensor.pointer + right, Int32(b.leading), 0,
        y.pointer + index * m * n, Int32(n))
    }
  }
}

/// OpenBLAS runs one thread a call: replicas are the parallelism, and bits must not depend on it.
package enum BLAS {
  private static let limited: Void = openblas_set_num_threads(1)
  package static func oneThread() { _ = limited }

  /// "OpenBLAS 0.3.21 … Haswell": a part of the arithmetic fingerprint.
  package static var configuration: String {
    String(cString: openblas_get_config()) + " " + String(cString: openblas_get_corename())
  }
}
