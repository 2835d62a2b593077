/// Copies between layouts.
package protocol CopyKernels {
  /// y (contiguous) = x read through its strides.
  func copy(strided x: Tensor, into y: Tensor)
  /// y (contiguous, `shape`) = x summed over the axes where `shape` has 1 or lacks leading axes.
  /// Rows are added in index order.
  func sum(_ x: Tensor, overLeading rows: Int, into y: Tensor)
}

extension Tensor {
  /// The same elements in row-major memory; self if they lie so already.
  public func contiguous() -> Tensor {
    if isContiguous { return self }
    let y = Tensor(uninitialized: shape, on: storage.device)
    backend.copy(strided: self, into: y)
    return y.recorded(from: self) { $0 }
  }

  /// The same elements in row-major order under another shape; one size may be -1 (inferred).
  public func reshaped(_ newShape: [Int]) -> Tensor {
    var target = newShape
    if let open = target.firstIndex(of: -1) {
      let known = target.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
      target[open] = known == 0 ? 0 : count / known
    }
    precondition(
      target.reduce(1, *) == count, "reshaped: \(shape) has \(count) elements, not \(newShape)")
    if target == shape { return self }
    let plain = contiguous()
    let y = Tensor(
      shape: target, strides: Self.rowMajor(target), offset: plain.offset, storage: plain.storage)
    let old = shape
    return y.recorded(from: self) { $0.reshaped(old) }
  }

  /// The last two axes swapped: a view.
  public var transposed: Tensor {
    precondition(rank >= 2, "transposed: shape \(shape) has no two axes")
    return swappedLastAxes().recorded(from: self) { $0.transposed }
  }

  func swappedLastAxes() -> Tensor {
    var (newShape, newStrides) = (shape, strides)
    newShape.swapAt(rank - 1, rank - 2)
    newStrides.swapAt(rank - 1, rank - 2)
    return Tensor(shape: newShape, strides: newStrides, offset: offset, storage: storage)
  }

  /// Repeats along missing leading axes and axes of size 1: a view.
  public func broadcast(to target: [Int]) -> Tensor {
    if shape == target { return self }
    precondition(fits(into: target), "broadcast: \(shape) to \(target)")
    var newStrides = [Int](repeating: 0, count: target.count)
    let lead = target.count - rank
    for axis in 0..<rank where shape[axis] == target[lead + axis] {
      newStrides[lead + axis] = strides[axis]
    }
    let y = Tensor(shape: target, strides: newStrides, offset: offset, storage: storage)
    let old = shape
    return y.recorded(from: self) { $0.reduced(to: old) }
  }

  /// The adjoint of `broadcast`: sums over what was repeated.
  func reduced(to target: [Int]) -> Tensor {
    if shape == target { return self }
    let lead = rank - target.count
    precondition(lead >= 0, "reduced: \(shape) to \(target)")
    var axes = Array(0..<lead)
    for axis in 0..<target.count where target[axis] == 1 && shape[lead + axis] != 1 {
      axes.append(lead + axis)
    }
    return sum(axes: axes).reshaped(target)
  }
}
