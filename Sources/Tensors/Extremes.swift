extension Tensor {
  /// The largest over `axis`; NaN if there is one. Ties go to the lowest index, in the gradient too.
  ///
  /// Precondition: the axis is not empty.
  public func max(axis: Int, keep: Bool = false) -> Tensor {
    extreme("max", largest: true, axis, keep: keep).0
  }

  /// The smallest over `axis`; NaN if there is one. Ties go to the lowest index.
  public func min(axis: Int, keep: Bool = false) -> Tensor {
    extreme("min", largest: false, axis, keep: keep).0
  }

  /// The largest of all elements: a scalar.
  public func max() -> Tensor { reshaped([count]).max(axis: 0) }

  /// The smallest of all elements: a scalar.
  public func min() -> Tensor { reshaped([count]).min(axis: 0) }

  /// The lowest index of the largest element along `axis`, which is dropped.
  public func argMax(axis: Int = -1) -> IntTensor {
    detached.extreme("argMax", largest: true, axis, keep: false).1
  }

  /// The lowest index of the smallest element along `axis`, which is dropped.
  public func argMin(axis: Int = -1) -> IntTensor {
    detached.extreme("argMin", largest: false, axis, keep: false).1
  }

  private func extreme(
    _ operation: String, largest: Bool, _ axis: Int, keep: Bool
  ) -> (Tensor, IntTensor) {
    let axis = position(operation, axis)
    precondition(shape[axis] > 0, "\(operation): axis \(axis) of shape \(shape) is empty")
    var result = shape
    result.remove(at: axis)
    let block = ReductionBlock(
      outer: shape[..<axis].reduce(1, *), count: shape[axis],
      inner: shape[(axis + 1)...].reduce(1, *))
    let positions = IntTensor(uninitialized: result)
    if keep { result.insert(1, at: axis) }
    let y = Tensor(uninitialized: result, on: storage.device)
    backend.extreme(plain, largest: largest, block, into: y, positions: positions)
    let old = shape
    return (y.recorded(from: self) { $0.placed(at: positions, block, old) }, positions)
  }

  /// Zeros of shape `full`, with these values at `positions` along the reduced axis.
  private func placed(at positions: IntTensor, _ block: ReductionBlock, _ full: [Int]) -> Tensor {
    let y = Tensor.zeros(full)
    backend.place(plain, at: positions, block, into: y)
    let part = shape
    return y.recorded(from: self) { $0.picked(at: positions, block, part) }
  }

  private func picked(at positions: IntTensor, _ block: ReductionBlock, _ part: [Int]) -> Tensor {
    let y = Tensor(uninitialized: part, on: storage.device)
    backend.pick(plain, at: positions, block, into: y)
    let full = shape
    return y.recorded(from: self) { $0.placed(at: positions, block, full) }
  }
}
