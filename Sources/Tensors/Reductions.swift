/// Reductions of a tensor seen as (outer, n, inner) over its middle axis into (outer, inner).
package protocol ReductionKernels {
  func sum(_ x: Tensor, _ block: ReductionBlock, into y: Tensor)
  /// The largest (or smallest) and the lowest position where it stands; NaN wins. n ≥ 1.
  func extreme(
    _ x: Tensor, largest: Bool, _ block: ReductionBlock, into y: Tensor, positions: IntTensor)
  /// dx, zeros before, gets dy at `positions`.
  func place(_ dy: Tensor, at positions: IntTensor, _ block: ReductionBlock, into dx: Tensor)
  /// y = x at `positions`.
  func pick(_ x: Tensor, at positions: IntTensor, _ block: ReductionBlock, into y: Tensor)
  /// Running sums along the last axis.
  func cumulativeSum(_ x: Tensor, columns: Int, into y: Tensor)
}

/// A shape cut around neighbouring axes that are reduced.
package struct ReductionBlock: Sendable {
  package let outer: Int
  package let count: Int
  package let inner: Int

  /// `nil` if the axes (sorted) are not neighbours.
  package init?(_ shape: [Int], over axes: [Int]) {
    guard let first = axes.first, let last = axes.last else { return nil }
    guard (first...last).allSatisfy({ shape[$0] == 1 || axes.contains($0) }) else { return nil }
    self.init(
      outer: shape[..<first].reduce(1, *), count: shape[first...last].reduce(1, *),
      inner: shape[(last + 1)...].reduce(1, *))
  }

  package init(outer: Int, count: Int, inner: Int) {
    (self.outer, self.count, self.inner) = (outer, count, inner)
  }
}

extension Tensor {
  /// `axis` counted from 0; a negative one counts from the end.
  package func position(_ operation: String, _ axis: Int) -> Int {
    let position = axis < 0 ? axis + rank : axis
    precondition(
      (0..<rank).contains(position), "\(operation): axis \(axis) of shape \(shape)")
    return position
  }

  private func positions(_ operation: String, _ axes: [Int]) -> [Int] {
    let sorted = axes.map { position(operation, $0) }.sorted()
    precondition(
      zip(sorted, sorted.dropFirst()).allSatisfy { $0 != $1 }, "\(operation): axes \(axes) repeat")
    return sorted
  }

  /// Σ over all elements: a scalar.
  public func sum() -> Tensor { sum(axes: Array(0..<rank)) }

  /// Σ over `axes`, which are dropped (or kept with size 1). The order of summation is a property
  /// of the shape alone. Gradient: ȳ repeated.
  public func sum(axes: [Int], keep: Bool = false) -> Tensor {
    let axes = positions("sum", axes)
    if axes.isEmpty { return self }
    let kept = (0..<rank).filter { !axes.contains($0) }
    let ones = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    let y = Tensor(uninitialized: keep ? ones : kept.map { shape[$0] }, on: storage.device)
    if let block = ReductionBlock(shape, over: axes) {
      backend.sum(plain, block, into: y)
    } else {
      let front = detached.permuted(axes + kept).contiguous()
      let count = axes.reduce(1) { $0 * shape[$1] }
      backend.sum(
        front, ReductionBlock(outer: 1, count: count, inner: Swift.max(1, y.count)), into: y)
    }
    let old = shape
    return y.recorded(from: self) { $0.reshaped(ones).broadcast(to: old) }
  }

  /// The arithmetic mean of all elements; NaN of none.
  public func mean() -> Tensor { mean(axes: Array(0..<rank)) }

  /// The arithmetic mean over `axes`; NaN where they hold no element.
  public func mean(axes: [Int], keep: Bool = false) -> Tensor {
    let count = positions("mean", axes).reduce(1) { $0 * shape[$1] }
    return sum(axes: axes, keep: keep) / Float(count)
  }

  /// Σ (x − mean)² / (n − correction) over `axes`; correction 1 gives the sample's estimate.
  public func variance(axes: [Int], correction: Int = 0, keep: Bool = false) -> Tensor {
    let count = positions("variance", axes).reduce(1) { $0 * shape[$1] }
    let centred = self - mean(axes: axes, keep: true).broadcast(to: shape)
    return square(centred).sum(axes: axes, keep: keep) / Float(count - correction)
  }

  /// Running sums along the last axis, added from the left.
  public func cumulativeSum() -> Tensor {
    precondition(rank >= 1, "cumulativeSum: of a scalar")
    let y = Tensor(uninitialized: shape, on: storage.device)
    if count > 0 { backend.cumulativeSum(plain, columns: shape[rank - 1], into: y) }
    return y.recorded(from: self) { $0.flipped(axis: -1).cumulativeSum().flipped(axis: -1) }
  }
}
