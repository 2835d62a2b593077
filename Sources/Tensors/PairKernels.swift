import CKernels

/// Loops over tiles of a similarity matrix, for losses that never hold it whole. Entries of −∞ take
/// no part.
package protocol PairKernels {
  /// Streams (maximum, Σ exp(z − maximum)) per row; (−∞, 0) at first.
  func streamRows(_ tile: Tensor, maxima: Tensor, sums: Tensor)
  /// (maximum, Σ exp(z − maximum)) per column of this tile alone, into `range` of the results.
  func columnSums(_ tile: Tensor, maxima: Tensor, sums: Tensor, range: Range<Int>)
  /// tile ← a·exp(z − row) + b·exp(z − column), a term without shifts left out.
  func pairWeights(
    _ tile: Tensor, rows: Tensor?, _ a: Float, columns: Tensor?, range: Range<Int>, _ b: Float)
  /// Σ x·y in float64.
  func dot(_ x: Tensor, _ y: Tensor) -> Double
  /// Σ x in float64.
  func total(_ x: Tensor) -> Double
}

extension CPUBackend {
  package func streamRows(_ tile: Tensor, maxima: Tensor, sums: Tensor) {
    mk_stream_rows_f32(
      tile.pointer, maxima.pointer, sums.pointer, Int64(tile.shape[0]), Int64(tile.shape[1]))
  }

  package func columnSums(_ tile: Tensor, maxima: Tensor, sums: Tensor, range: Range<Int>) {
    mk_column_sums_f32(
      tile.pointer, maxima.pointer + range.lowerBound, sums.pointer + range.lowerBound,
      Int64(tile.shape[0]), Int64(tile.shape[1]))
  }

  package func pairWeights(
    _ tile: Tensor, rows: Tensor?, _ a: Float, columns: Tensor?, range: Range<Int>, _ b: Float
  ) {
    mk_pair_weights_f32(
      tile.pointer, rows?.pointer, a, columns.map { $0.pointer + range.lowerBound }, b,
      Int64(tile.shape[0]), Int64(tile.shape[1]))
  }

  package func dot(_ x: Tensor, _ y: Tensor) -> Double {
    mk_dot_f64(x.pointer, y.pointer, Int64(x.count))
  }

  package func total(_ x: Tensor) -> Double { mk_total_f64(x.pointer, Int64(x.count)) }
}
