/// Functions of the rows of a (rows, columns) matrix, the last axis being the columns.
package protocol RowKernels {
  func logSumExp(_ x: Tensor, columns: Int, into y: Tensor)
  func softmax(_ x: Tensor, columns: Int, into y: Tensor)
  func softmaxGradient(_ y: Tensor, _ dy: Tensor, columns: Int, into dx: Tensor)
  func logSoftmax(_ x: Tensor, columns: Int, into y: Tensor)
  func logSoftmaxGradient(_ y: Tensor, _ dy: Tensor, columns: Int, into dx: Tensor)
  func crossEntropy(
    _ x: Tensor, _ labels: IntTensor, ignoring: Int32, smoothing: Float, into y: Tensor,
    logSumExp: Tensor)
  func crossEntropyGradient(
    _ x: Tensor, _ labels: IntTensor, ignoring: Int32, smoothing: Float, logSumExp: Tensor,
    _ dy: Tensor, into dx: Tensor)
  func l2Normalize(_ x: Tensor, epsilon: Float, columns: Int, into y: Tensor, norm: Tensor)
  func l2NormalizeGradient(
    _ y: Tensor, norm: Tensor, epsilon: Float, _ dy: Tensor, columns: Int, into dx: Tensor)
}

extension Tensor {
  /// The size of the last axis; the kernels see the rest as rows.
  fileprivate func columns(_ operation: String) -> Int {
    precondition(rank >= 1, "\(operation): of a scalar")
    return shape[rank - 1]
  }

  fileprivate var like: Tensor { Tensor(uninitialized: shape, on: storage.device) }
}

/// log Σⱼ exp xⱼ over the last axis; rows are shifted by their maximum, so large logits stay
/// finite. A row of −∞ alone, or of nothing, gives −∞ and no gradient.
///
/// Shapes: [..., n] → [...], or [..., 1] with `keep`. Gradient: ȳ · softmax(x).
public func logSumExp(_ x: Tensor, keep: Bool = false) -> Tensor {
  let columns = x.columns("logSumExp")
  let y = Tensor(
    uninitialized: x.shape.dropLast() + (keep ? [1] : []), on: x.storage.device)
  x.backend.logSumExp(x.plain, columns: columns, into: y)
  let column = Array(x.shape.dropLast()) + [1]
  return y.recorded(from: x) { dy in softmax(x) * dy.reshaped(column) }
}

/// exp xⱼ / Σ exp over the last axis. Entries of −∞ get 0; so does a whole row of them.
///
/// Shapes: [..., n] → [..., n]. Gradient: y (ȳ − Σⱼ ȳⱼ yⱼ).
public func softmax(_ x: Tensor) -> Tensor {
  let columns = x.columns("softmax")
  let y = x.like
  x.backend.softmax(x.plain, columns: columns, into: y)
  return y.recorded(
    from: x,
    kernel: { dy in
      let dx = y.like
      dx.backend.softmaxGradient(y, dy.plain, columns: columns, into: dx)
      return dx
    },
    again: { dy in
      let y = softmax(x)
      return y * (dy - (dy * y).sum(axes: [-1], keep: true))
    })
}

/// x − log Σ exp over the last axis; a row of −∞ alone stays −∞.
///
/// Shapes: [..., n] → [..., n]. Gradient: ȳ − softmax(x) Σⱼ ȳⱼ.
public func logSoftmax(_ x: Tensor) -> Tensor {
  let columns = x.columns("logSoftmax")
  let y = x.like
  x.backend.logSoftmax(x.plain, columns: columns, into: y)
  return y.recorded(
    from: x,
    kernel: { dy in
      let dx = y.like
      dx.backend.logSoftmaxGradient(y, dy.plain, columns: columns, into: dx)
      return dx
    },
    again: { dy in dy - softmax(x) * dy.sum(axes: [-1], keep: true) })
}

/// Cross entropy of each row with a class label: (1 − s)(lse − x[label]) + s · meanⱼ(lse − xⱼ).
///
/// Shapes: `logits` [n, c], `labels` [n] → [n]. Rows whose label is `ignoring` give 0 and get no
/// gradient. Gradient: ȳ (softmax − target), target being the smoothed one-hot row.
/// Precondition: the other labels are in 0 ..< c.
public func crossEntropyRows(
  _ logits: Tensor, _ labels: IntTensor, ignoring: Int32? = nil, smoothing: Float = 0
) -> Tensor {
  precondition(
    logits.rank == 2 && labels.shape == [logits.shape[0]],
    "crossEntropyRows: logits \(logits.shape), labels \(labels.shape)")
  let classes = logits.shape[1]
  // Labels are not negative, so -1 ignores nothing they could mean.
  let ignored = ignoring ?? -1
  labels.withUnsafeElements { all in
    for label in all where label != ignored || ignoring == nil {
      precondition(
        label >= 0 && label < classes, "crossEntropyRows: label \(label) of \(classes) classes")
    }
  }
  let x = logits.plain
  let y = Tensor(uninitialized: [logits.shape[0]], on: x.storage.device)
  let total = y.like
  y.backend.crossEntropy(
    x, labels, ignoring: ignored, smoothing: smoothing, into: y, logSumExp: total)
  return y.recorded(
    from: logits,
    kernel: { dy in
      let dx = x.like
      dx.backend.crossEntropyGradient(
        x, labels, ignoring: ignored, smoothing: smoothing, logSumExp: total, dy.plain, into: dx)
      return dx
    },
    again: { dy in
      let counted = ByteTensor(labels.elements.map { $0 == ignored ? 0 : 1 })
      let target =
        oneHot(labels, classes) * (1 - smoothing) + smoothing / Float(Swift.max(1, classes))
      return (softmax(logits) - target) * select(counted, dy, 0).reshaped([-1, 1])
    })
}

/// x / max(‖x‖, epsilon) over the last axis: rows of length 1.
///
/// Gradient: (ȳ − y Σⱼ ȳⱼ yⱼ) / ‖x‖; ȳ / epsilon for rows shorter than epsilon.
public func l2Normalized(_ x: Tensor, epsilon: Float = 1e-12) -> Tensor {
  let columns = x.columns("l2Normalized")
  let y = x.like
  let length = Tensor(uninitialized: x.shape.dropLast() + [1], on: x.storage.device)
  x.backend.l2Normalize(x.plain, epsilon: epsilon, columns: columns, into: y, norm: length)
  return y.recorded(
    from: x,
    kernel: { dy in
      let dx = y.like
      dx.backend.l2NormalizeGradient(
        y, norm: length, epsilon: epsilon, dy.plain, columns: columns, into: dx)
      return dx
    },
    again: { dy in
      let divisor = maximum(norm(x, keep: true), epsilon)
      let y = x / divisor
      let isLong = greaterOrEqual(length, epsilon)
      let along = (dy * y).sum(axes: [-1], keep: true)
      return (dy - y * select(isLong, along, 0)) / divisor
    })
}

/// √Σ x² over the last axis. Gradient: ȳ x / ‖x‖, 0 for a row of zeros.
///
/// Shapes: [..., n] → [...], or [..., 1] with `keep`.
public func norm(_ x: Tensor, keep: Bool = false) -> Tensor {
  _ = x.columns("norm")
  let squares = square(x).sum(axes: [-1], keep: keep)
  // The root's slope at 0 is infinite; a row of zeros takes the root of 1 instead and no gradient.
  let isZero = equal(squares, 0)
  return select(isZero, 0, sqrt(select(isZero, 1, squares)))
}
