extension Tensor {
  /// `range` of one axis, every `stride`-th element of it: a view. Gradient: zeros elsewhere.
  public func sliced(axis: Int, _ range: Range<Int>, by step: Int = 1) -> Tensor {
    let axis = position("sliced", axis)
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[axis] && step > 0,
      "sliced: \(range) by \(step) of axis \(axis) of shape \(shape)")
    if range.count == shape[axis] && step == 1 { return self }
    let full = shape[axis]
    return window(axis, range, step).recorded(from: self) { dy in
      dy.placed(axis, range, step, into: full)
    }
  }

  private func window(_ axis: Int, _ range: Range<Int>, _ step: Int) -> Tensor {
    var (newShape, newStrides) = (shape, strides)
    newShape[axis] = (range.count + step - 1) / step
    newStrides[axis] *= step
    return viewed(
      newShape, strides: newStrides, from: offset + range.lowerBound * strides[axis])
  }

  /// The adjoint of `sliced`: zeros with this tensor in their window.
  private func placed(_ axis: Int, _ range: Range<Int>, _ step: Int, into full: Int) -> Tensor {
    var whole = shape
    whole[axis] = full
    let y = Tensor.zeros(whole)
    backend.copy(self, into: y.window(axis, range, step))
    return y.recorded(from: self) { $0.sliced(axis: axis, range, by: step) }
  }

  /// `range` of the first axis: a view.
  public func rows(_ range: Range<Int>) -> Tensor { sliced(axis: 0, range) }

  /// Position `index` of the first axis, which is dropped: a view.
  public subscript(index: Int) -> Tensor {
    precondition(
      rank > 0 && (0..<shape[0]).contains(index), "subscript: \(index) of shape \(shape)")
    return sliced(axis: 0, index..<index + 1).squeezed(axis: 0)
  }

  /// Parts of the given sizes along `axis`: views. Precondition: the sizes add up to the axis.
  public func split(axis: Int, sizes: [Int]) -> [Tensor] {
    let place = position("split", axis)
    precondition(
      sizes.reduce(0, +) == shape[place], "split: \(sizes) of axis \(axis) of shape \(shape)")
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return sliced(axis: place, start..<start + size)
    }
  }

  /// `count` equal parts along `axis`: views. Precondition: the axis divides.
  public func split(axis: Int, count: Int) -> [Tensor] {
    let size = shape[position("split", axis)]
    precondition(count > 0 && size % count == 0, "split: axis of \(size) in \(count) parts")
    return split(axis: axis, sizes: Array(repeating: size / count, count: count))
  }

  /// `value` around the elements: `before[a]` and `after[a]` positions along each axis.
  public func padded(before: [Int], after: [Int], value: Float = 0) -> Tensor {
    precondition(
      before.count == rank && after.count == rank && (before + after).allSatisfy { $0 >= 0 },
      "padded: \(before) and \(after) for shape \(shape)")
    let inside = shape
    let y = Tensor(
      repeating: value, shape: shape.indices.map { before[$0] + shape[$0] + after[$0] })
    backend.copy(self, into: y.inner(before, inside))
    return y.recorded(from: self) { dy in
      inside.indices.reduce(dy) { part, axis in
        part.sliced(axis: axis, before[axis]..<before[axis] + inside[axis])
      }
    }
  }

  private func inner(_ before: [Int], _ inside: [Int]) -> Tensor {
    viewed(
      inside, strides: strides, from: offset + zip(before, strides).reduce(0) { $0 + $1.0 * $1.1 })
  }

  /// `axis` in reverse order: a view.
  public func flipped(axis: Int) -> Tensor {
    let axis = position("flipped", axis)
    var newStrides = strides
    newStrides[axis] = -strides[axis]
    let last = Swift.max(0, shape[axis] - 1)
    return viewed(shape, strides: newStrides, from: offset + last * strides[axis])
      .recorded(from: self) { $0.flipped(axis: axis) }
  }

  /// The whole `axis` repeated `times` times, one copy after the other.
  public func tiled(axis: Int, times: Int) -> Tensor {
    let axis = position("tiled", axis)
    precondition(times >= 0, "tiled: \(times) times")
    var (repeatedShape, result) = (shape, shape)
    repeatedShape.insert(times, at: axis)
    result[axis] *= times
    return expanded(axis: axis).broadcast(to: repeatedShape).reshaped(result)
  }

  /// Each position of `axis` repeated `times` times in place.
  public func repeated(axis: Int, times: Int) -> Tensor {
    let axis = position("repeated", axis)
    precondition(times >= 0, "repeated: \(times) times")
    var (repeatedShape, result) = (shape, shape)
    repeatedShape.insert(times, at: axis + 1)
    result[axis] *= times
    return expanded(axis: axis + 1).broadcast(to: repeatedShape).reshaped(result)
  }
}

/// Tensors one after another along `axis`; their other sizes agree. Precondition: at least one.
public func concatenated(_ parts: [Tensor], axis: Int = 0) -> Tensor {
  guard let first = parts.first else { preconditionFailure("concatenated: no tensors") }
  let axis = first.position("concatenated", axis)
  var shape = first.shape
  for part in parts.dropFirst() {
    var other = part.shape
    precondition(part.rank == first.rank, "concatenated: shapes \(first.shape) and \(part.shape)")
    shape[axis] += other[axis]
    other[axis] = first.shape[axis]
    precondition(
      other == first.shape, "concatenated: shapes \(first.shape) and \(part.shape), axis \(axis)")
  }
  if parts.count == 1 { return first }
  let y = Tensor(uninitialized: shape, on: first.storage.device)
  var start = 0
  for part in parts {
    y.backend.copy(part, into: y.detached.sliced(axis: axis, start..<start + part.shape[axis]))
    start += part.shape[axis]
  }
  let sizes = parts.map { $0.shape[axis] }
  return y.recorded(from: parts) { $0.split(axis: axis, sizes: sizes) }
}

/// Tensors of one shape along a new axis. Precondition: at least one.
public func stacked(_ parts: [Tensor], axis: Int = 0) -> Tensor {
  concatenated(parts.map { $0.expanded(axis: axis) }, axis: axis)
}
