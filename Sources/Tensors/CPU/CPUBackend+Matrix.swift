import COpenBLAS

extension CPUBackend {
  package func multiply(
    _ a: Tensor, transposed aTransposed: Bool, matrixStride aStride: Int, _ b: Tensor,
    transposed bTransposed: Bool, matrixStride bStride: Int, into y: Tensor, batch: Int, m: Int,
    n: Int, k: Int
  ) {
    BLAS.oneThread()
    for index in 0..<batch {
      cblas_sgemm(
        CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans,
        bTransposed ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1,
        a.pointer + index * aStride, Int32(max(1, aTransposed ? m : k)),
        b.pointer + index * bStride, Int32(max(1, bTransposed ? k : n)), 0,
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
