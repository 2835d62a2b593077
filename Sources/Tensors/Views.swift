/// Copies between layouts; reads and writes strides.
package protocol CopyKernels {
  /// y = x, shapes equal, both through their strides.
  func copy(_ x: Tensor, into y: Tensor)
}

extension Tensor {
  /// The same elements in row-major memory; self if they lie so already.
  public func contiguous() -> Tensor {
    if isContiguous { return self }
    let y = Tensor(uninitialized: shape, on: storage.device)
    backend.copy(self, into: y)
    return y.recorded(from: self) { $0 }
  }

  /// Another way to read the same memory, untracked.
  func viewed(_ shape: [Int], strides: [Int], from start: Int? = nil) -> Tensor {
    Tensor(shape: shape, strides: strides, offset: start ?? offset, storage: storage)
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
    let y = plain.viewed(target, strides: Self.rowMajor(target))
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
    return viewed(newShape, strides: newStrides)
  }

  /// The axes in another order: a view.
  public func permuted(_ order: [Int]) -> Tensor {
    precondition(order.sorted() == Array(0..<rank), "permuted: \(order) of shape \(shape)")
    if order == Array(0..<rank) { return self }
    let y = viewed(order.map { shape[$0] }, strides: order.map { strides[$0] })
    return y.recorded(from: self) { dy in
      var inverse = order
      for (position, axis) in order.enumerated() { inverse[axis] = position }
      return dy.permuted(inverse)
    }
  }

  /// A new axis of size 1 before `axis` (or last, for -1): a view.
  public func expanded(axis: Int) -> Tensor {
    let place = axis < 0 ? axis + rank + 1 : axis
    precondition((0...rank).contains(place), "expanded: axis \(axis) of shape \(shape)")
    var (newShape, newStrides) = (shape, strides)
    newShape.insert(1, at: place)
    newStrides.insert(0, at: place)
    return viewed(newShape, strides: newStrides).recorded(from: self) { $0.squeezed(axis: place) }
  }

  /// Without `axis`, whose size is 1: a view.
  public func squeezed(axis: Int) -> Tensor {
    let place = position("squeezed", axis)
    precondition(shape[place] == 1, "squeezed: axis \(axis) of shape \(shape) is not 1")
    var (newShape, newStrides) = (shape, strides)
    newShape.remove(at: place)
    newStrides.remove(at: place)
    return viewed(newShape, strides: newStrides).recorded(from: self) { $0.expanded(axis: place) }
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
    let old = shape
    return viewed(target, strides: newStrides).recorded(from: self) { $0.reduced(to: old) }
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
