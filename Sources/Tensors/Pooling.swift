/// Largest and mean values of windows.
package protocol PoolingKernels {
  /// y = the largest of each window; index = its position in the image.
  func poolMaximum(_ x: Tensor, _ window: PoolingWindow, into y: Tensor, index: IntTensor)
  /// y [B, outputs, C] = x [B, inputs, C] read at index [B, outputs, C].
  func poolGather(_ x: Tensor, at index: IntTensor, into y: Tensor)
  /// Its adjoint.
  func poolScatter(_ dy: Tensor, at index: IntTensor, into dx: Tensor)
  /// y = the mean of each box.
  func poolMean(_ x: Tensor, _ boxes: PoolingBoxes, into y: Tensor)
  /// Its adjoint.
  func poolMeanAdjoint(_ dy: Tensor, _ boxes: PoolingBoxes, into dx: Tensor)
}

/// The largest value of each window, channel by channel, as torch.nn.functional.max_pool.
///
/// Shapes: `x` [B, spatial..., C] → [B, ⌊(size + 2·padding − kernel) / stride⌋ + 1 ..., C].
/// Gradient: goes to the first of equal values, in row-major order.
/// `stride` is `kernel` by default. `ceilMode` rounds the size up where the last window still begins
/// inside.
public func maxPool(
  _ x: Tensor, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil, ceilMode: Bool = false
) -> Tensor {
  let window = PoolingWindow(
    "maxPool", x.shape, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
  let y = Tensor(uninitialized: window.outputShape, on: x.storage.device)
  let index = IntTensor(shape: window.outputShape) { _ in }
  x.backend.poolMaximum(x.contiguous().detached, window, into: y, index: index)
  let shape = x.shape
  return y.recorded(from: x) { scattered($0, at: index, shape) }
}

/// `maxPool` with the same settings along all axes.
public func maxPool(
  _ x: Tensor, kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false
) -> Tensor {
  let same = { (value: Int) in [Int](repeating: value, count: max(0, x.rank - 2)) }
  return maxPool(
    x, kernel: same(kernel), stride: same(stride ?? kernel), padding: same(padding),
    ceilMode: ceilMode)
}

private func gathered(_ x: Tensor, at index: IntTensor) -> Tensor {
  let y = Tensor(uninitialized: index.shape, on: x.storage.device)
  x.backend.poolGather(x.contiguous().detached, at: index, into: y)
  let shape = x.shape
  return y.recorded(from: x) { scattered($0, at: index, shape) }
}

private func scattered(_ dy: Tensor, at index: IntTensor, _ shape: [Int]) -> Tensor {
  let dx = Tensor.accumulator(shape, on: dy.storage.device)
  dy.backend.poolScatter(dy.contiguous().detached, at: index, into: dx)
  return dx.recorded(from: dy) { gathered($0, at: index) }
}

/// The mean of each window, channel by channel, as torch.nn.functional.avg_pool.
///
/// Shapes: as `maxPool`. With `countIncludePadding` the divisor is the window's size with the padding
/// it covers, otherwise the number of values in it.
public func averagePool(
  _ x: Tensor, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil, ceilMode: Bool = false,
  countIncludePadding: Bool = true
) -> Tensor {
  let window = PoolingWindow(
    "averagePool", x.shape, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
  return pooled(x, PoolingBoxes(window, countIncludePadding: countIncludePadding))
}

/// `averagePool` with the same settings along all axes.
public func averagePool(
  _ x: Tensor, kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false,
  countIncludePadding: Bool = true
) -> Tensor {
  let same = { (value: Int) in [Int](repeating: value, count: max(0, x.rank - 2)) }
  return averagePool(
    x, kernel: same(kernel), stride: same(stride ?? kernel), padding: same(padding),
    ceilMode: ceilMode, countIncludePadding: countIncludePadding)
}

/// Means over a grid of boxes that cover the input, as torch.nn.functional.adaptive_avg_pool.
///
/// Shapes: `x` [B, spatial..., C] → [B, size..., C]; box i of n covers ⌊i·size/n⌋ ..<
/// ⌈(i + 1)·size/n⌉.
public func adaptiveAveragePool(_ x: Tensor, to size: [Int]) -> Tensor {
  pooled(x, PoolingBoxes(adaptive: x.shape, to: size))
}

/// The mean over all spatial axes: [B, spatial..., C] → [B, C].
public func globalAveragePool(_ x: Tensor) -> Tensor {
  precondition(x.rank >= 3, "globalAveragePool: shape \(x.shape) has no spatial axes")
  return adaptiveAveragePool(x, to: [Int](repeating: 1, count: x.rank - 2))
    .reshaped([x.shape[0], x.shape[x.rank - 1]])
}

private func pooled(_ x: Tensor, _ boxes: PoolingBoxes) -> Tensor {
  let y = Tensor(uninitialized: boxes.outputShape, on: x.storage.device)
  x.backend.poolMean(x.contiguous().detached, boxes, into: y)
  return y.recorded(from: x) { spread($0, boxes) }
}

private func spread(_ dy: Tensor, _ boxes: PoolingBoxes) -> Tensor {
  let dx = Tensor.accumulator(boxes.inputShape, on: dy.storage.device)
  dy.backend.poolMeanAdjoint(dy.contiguous().detached, boxes, into: dx)
  return dx.recorded(from: dy) { pooled($0, boxes) }
}
