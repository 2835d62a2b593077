extension Tensor {
  /// Σ over all elements: a scalar.
  public func sum() -> Tensor { sum(axes: Array(0..<rank)) }

  /// Σ over `axes`, which are dropped (or kept with size 1).
  public func sum(axes: [Int], keep: Bool = false) -> Tensor {
    let kept = (0..<rank).filter { !axes.contains($0) }
    let front = permuted(axes.sorted() + kept).detached.contiguous()
    let rows = axes.reduce(1) { $0 * shape[$1] }
    let result = Tensor(uninitialized: kept.map { shape[$0] }, on: storage.device)
    backend.sum(front, overLeading: rows, into: result)
    let old = shape
    let ones = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    let y = Tensor(
      shape: keep ? ones : result.shape, strides: Self.rowMajor(keep ? ones : result.shape),
      offset: 0, storage: result.storage)
    return y.recorded(from: self) { $0.reshaped(ones).broadcast(to: old) }
  }

  /// The axes in another order: a view.
  public func permuted(_ order: [Int]) -> Tensor {
    precondition(order.sorted() == Array(0..<rank), "permuted: \(order) of shape \(shape)")
    let y = Tensor(
      shape: order.map { shape[$0] }, strides: order.map { strides[$0] }, offset: offset,
      storage: storage)
    return y.recorded(from: self) { dy in
      var inverse = order
      for (position, axis) in order.enumerated() { inverse[axis] = position }
      return dy.permuted(inverse)
    }
  }
}
