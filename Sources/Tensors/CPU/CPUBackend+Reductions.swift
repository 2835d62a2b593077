import CKernels

extension CPUBackend {
  package func sum(_ x: Tensor, _ block: ReductionBlock, into y: Tensor) {
    mk_sum_f32(
      x.pointer, y.pointer, Int64(block.outer), Int64(block.count), Int64(block.inner))
  }

  package func extreme(
    _ x: Tensor, largest: Bool, _ block: ReductionBlock, into y: Tensor, positions: IntTensor
  ) {
    mk_extreme_f32(
      largest ? 1 : -1, x.pointer, y.pointer, positions.pointer, Int64(block.outer),
      Int64(block.count), Int64(block.inner))
  }

  package func place(
    _ dy: Tensor, at positions: IntTensor, _ block: ReductionBlock, into dx: Tensor
  ) {
    mk_place_f32(
      dy.pointer, positions.pointer, dx.pointer, Int64(block.outer), Int64(block.count),
      Int64(block.inner))
  }

  package func pick(
    _ x: Tensor, at positions: IntTensor, _ block: ReductionBlock, into y: Tensor
  ) {
    mk_pick_f32(
      x.pointer, positions.pointer, y.pointer, Int64(block.outer), Int64(block.count),
      Int64(block.inner))
  }

  package func cumulativeSum(_ x: Tensor, columns: Int, into y: Tensor) {
    mk_cumulative_sum_f32(x.pointer, y.pointer, rows(x), Int64(columns))
  }
}

/// How many rows the last axis is of; rows may be empty.
private func rows(_ x: Tensor) -> Int64 {
  Int64(x.shape.dropLast().reduce(1, *))
}

extension CPUBackend {
  package func logSumExp(_ x: Tensor, columns: Int, into y: Tensor) {
    mk_log_sum_exp_f32(x.pointer, y.pointer, rows(x), Int64(columns))
  }

  package func softmax(_ x: Tensor, columns: Int, into y: Tensor) {
    mk_softmax_f32(x.pointer, y.pointer, rows(x), Int64(columns))
  }

  package func softmaxGradient(_ y: Tensor, _ dy: Tensor, columns: Int, into dx: Tensor) {
    mk_softmax_gradient_f32(y.pointer, dy.pointer, dx.pointer, rows(y), Int64(columns))
  }

  package func logSoftmax(_ x: Tensor, columns: Int, into y: Tensor) {
    mk_log_softmax_f32(x.pointer, y.pointer, rows(x), Int64(columns))
  }

  package func logSoftmaxGradient(_ y: Tensor, _ dy: Tensor, columns: Int, into dx: Tensor) {
    mk_log_softmax_gradient_f32(y.pointer, dy.pointer, dx.pointer, rows(y), Int64(columns))
  }

  package func crossEntropy(
    _ x: Tensor, _ labels: IntTensor, ignoring: Int32, smoothing: Float, into y: Tensor,
    logSumExp: Tensor
  ) {
    mk_cross_entropy_f32(
      x.pointer, labels.pointer, ignoring, smoothing, y.pointer, logSumExp.pointer,
      Int64(x.shape[0]), Int64(x.shape[1]))
  }

  package func crossEntropyGradient(
    _ x: Tensor, _ labels: IntTensor, ignoring: Int32, smoothing: Float, logSumExp: Tensor,
    _ dy: Tensor, into dx: Tensor
  ) {
    mk_cross_entropy_gradient_f32(
      x.pointer, labels.pointer, ignoring, smoothing, logSumExp.pointer, dy.pointer, dx.pointer,
      Int64(x.shape[0]), Int64(x.shape[1]))
  }

  package func l2Normalize(
    _ x: Tensor, epsilon: Float, columns: Int, into y: Tensor, norm: Tensor
  ) {
    mk_l2_normalize_f32(
      x.pointer, epsilon, y.pointer, norm.pointer, rows(x), Int64(columns))
  }

  package func l2NormalizeGradient(
    _ y: Tensor, norm: Tensor, epsilon: Float, _ dy: Tensor, columns: Int, into dx: Tensor
  ) {
    mk_l2_normalize_gradient_f32(
      y.pointer, norm.pointer, epsilon, dy.pointer, dx.pointer, rows(y), Int64(columns))
  }
}
