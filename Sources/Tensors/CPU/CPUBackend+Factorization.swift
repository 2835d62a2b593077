import CKernels

extension CPUBackend {
  package func solve(_ a: Tensor, _ b: Tensor, into x: Tensor) -> (matrix: Int, row: Int)? {
    let (n, m) = (a.shape[a.rank - 1], b.shape[b.rank - 1])
    return withScratch(n * n, of: Double.self) { factor in
      withScratch(n * m, of: Double.self) { columns in
        for matrix in 0..<(n > 0 ? a.count / (n * n) : 0) {
          for place in 0..<n * n { factor[place] = Double(a.pointer[matrix * n * n + place]) }
          let row = mk_cholesky_f64(factor, Int64(n))
          guard row == n else { return (matrix, Int(row)) }
          for place in 0..<n * m { columns[place] = Double(b.pointer[matrix * n * m + place]) }
          mk_cholesky_solve_f64(factor, Int64(n), columns, Int64(m))
          for place in 0..<n * m { x.pointer[matrix * n * m + place] = Float(columns[place]) }
        }
        return nil
      }
    }
  }
}
