import CKernels

extension CPUBackend {
  package func attend(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, causal: Bool, scale: Float,
    into y: Tensor,
    logs: Tensor
  ) {
    if k.shape[2] == 0 {
      y.fillHeads(0)
      logs.fillHeads(.infinity)
    }
    forTiles(q, k, causal) { tile, scores, _ in
      BLAS.product(
        q.rows(tile.head, tile.first), k.rows(tile.head, 0).flipped, into: scores,
        rowStride: tile.columns, m: tile.rows, n: tile.columns, k: q.shape[3], scale: scale)
      mk_attention_softmax_f32(
        scores, Int64(tile.rows), Int64(tile.columns), Int64(tile.first), causal ? 1 : 0,
        mask?.rows(tile.head, tile.first).pointer, Int64(mask?.strides[2] ?? 0),
        Int64(mask?.strides[3] ?? 0), logs.pointer + tile.query)
      BLAS.product(
        .init(pointer: scores, rowStride: tile.columns), v.rows(tile.head, 0),
        into: y.mutableRows(tile.head, tile.first), rowStride: y.strides[2], m: tile.rows,
        n: v.shape[3], k: tile.columns)
    }
  }

  package func attendGradient(
    _ dy: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, causal: Bool, scale: Float,
    logs: Tensor, into dq: Tensor, _ dk: Tensor, _ dv: Tensor, dmask: Tensor?
  ) {
    if k.shape[2] == 0 { dq.fillHeads(0) }
    dk.fillHeads(0)
    dv.fillHeads(0)
    forTiles(q, k, causal) { tile, scores, slopes in
      let cotangent = dy.rows(tile.head, tile.first)
      BLAS.product(
        q.rows(tile.head, tile.first), k.rows(tile.head, 0).flipped, into: scores,
        rowStride: tile.columns, m: tile.rows, n: tile.columns, k: q.shape[3], scale: scale)
      mk_attention_recover_f32(
        scores, Int64(tile.rows), Int64(tile.columns), Int64(tile.first), causal ? 1 : 0,
        mask?.rows(tile.head, tile.first).pointer, Int64(mask?.strides[2] ?? 0),
        Int64(mask?.strides[3] ?? 0), logs.pointer + tile.query)
      let chances = BLAS.Operand(pointer: scores, rowStride: tile.columns)
      BLAS.product(
        chances.flipped, cotangent, into: dv.mutableRows(tile.head, 0), rowStride: dv.strides[2],
        m: tile.columns, n: v.shape[3], k: tile.rows, keep: 1)
      BLAS.product(
        cotangent, v.rows(tile.head, 0).flipped, into: slopes, rowStride: tile.columns,
        m: tile.rows, n: tile.columns, k: v.shape[3])
      mk_attention_gradient_f32(scores, slopes, Int64(tile.rows), Int64(tile.columns))
      if let dmask {
        for row in 0..<tile.rows {
          dmask.mutableRows(tile.head, tile.first + row).update(
            from: slopes + row * tile.columns, count: tile.columns)
        }
      }
      let slope = BLAS.Operand(pointer: slopes, rowStride: tile.columns)
      BLAS.product(
        slope, k.rows(tile.head, 0), into: dq.mutableRows(tile.head, tile.first),
        rowStride: dq.strides[2], m: tile.rows, n: q.shape[3], k: tile.columns, scale: scale)
      BLAS.product(
        slope.flipped, q.rows(tile.head, tile.first), into: dk.mutableRows(tile.head, 0),
        rowStride: dk.strides[2], m: tile.columns, n: q.shape[3], k: tile.rows, scale: scale,
        keep: 1)
    }
  }

  /// Calls `body` with each tile and memory for two of its size, heads and queries in order.
  private func forTiles(
    _ q: Tensor, _ k: Tensor, _ causal: Bool,
    _ body: (AttentionTile, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let (queries, keys) = (q.shape[2], k.shape[2])
    guard queries > 0, keys > 0 else { return }
    let rows = min(queries, max(16, AttentionTile.values / keys))
    withScratch(2 * rows * keys) { memory in
      for head in 0..<(q.shape[0] * q.shape[1]) {
        for first in stride(from: 0, to: queries, by: rows) {
          let count = min(rows, queries - first)
          let tile = AttentionTile(
            head: (head / q.shape[1], head % q.shape[1]), query: head * queries + first,
            first: first, rows: count, columns: causal ? min(keys, first + count) : keys)
          body(tile, memory, memory + rows * keys)
        }
      }
    }
  }
}

/// Queries of one head and the keys they may see.
private struct AttentionTile {
  /// Scores in a tile, so that two stay in the second-level cache. Part of the arithmetic.
  static let values = 48 * 1024

  let head: (batch: Int, head: Int)
  let query: Int  // number of the first query over all heads
  let first: Int
  let rows: Int
  let columns: Int
}

extension BLAS.Operand {
  fileprivate var flipped: Self { .init(pointer: pointer, rowStride: rowStride, transposed: true) }
}

extension Tensor {
  /// The matrix of one head of [B, H, N, d] from row `first` on.
  fileprivate func rows(_ head: (batch: Int, head: Int), _ first: Int) -> BLAS.Operand {
    .init(pointer: mutableRows(head, first), rowStride: strides[2])
  }

  fileprivate func mutableRows(
    _ head: (batch: Int, head: Int), _ first: Int
  ) -> UnsafeMutablePointer<Float> {
    pointer + head.batch * strides[0] + head.head * strides[1] + first * strides[2]
  }

  /// Sets all values of a gapless tensor, in whatever order its axes lie.
  fileprivate func fillHeads(_ value: Float) {
    pointer.update(repeating: value, count: count)
  }
}
