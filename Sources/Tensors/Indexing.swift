/// Reading and adding at indices, and orders. The operations check that indices are in range.
package protocol IndexKernels {
  func gatherRows(_ x: Tensor, _ indices: IntTensor, width: Int, into y: Tensor)
  /// y[indices[i]] += x[i] in the order of i; y holds the sum so far.
  func scatterAddRows(_ x: Tensor, _ indices: IntTensor, width: Int, into y: Tensor)
  func takeAlong(_ x: Tensor, _ indices: IntTensor, columns: Int, taken: Int, into y: Tensor)
  func scatterAddAlong(_ x: Tensor, _ indices: IntTensor, columns: Int, taken: Int, into y: Tensor)
  /// The first `count` positions of each row in its stable order.
  func order(
    _ x: Tensor, descending: Bool, columns: Int, count: Int, into positions: IntTensor)
}

extension IntTensor {
  fileprivate func check(_ operation: String, below bound: Int) {
    withUnsafeElements { all in
      for index in all {
        precondition(index >= 0 && index < bound, "\(operation): index \(index) of \(bound)")
      }
    }
  }
}

extension Tensor {
  /// Rows of the first axis by index, repeats allowed. Gradient: scattered back in index order.
  ///
  /// Shapes: [n, ...] by [i...] → [i..., ...]. Precondition: indices are in 0 ..< n.
  public func gatherRows(_ indices: IntTensor) -> Tensor {
    precondition(rank >= 1, "gatherRows: of a scalar")
    indices.check("gatherRows", below: shape[0])
    let width = shape.dropFirst().reduce(1, *)
    let y = Tensor(uninitialized: indices.shape + shape.dropFirst(), on: storage.device)
    backend.gatherRows(plain, indices, width: width, into: y)
    let old = shape
    return y.recorded(from: self) { dy in
      dy.reshaped([indices.count] + old.dropFirst()).scatterAddRows(indices, rows: old[0])
    }
  }

  /// Zeros of `rows` rows with row i of this tensor added at `indices[i]`, in the order of i.
  ///
  /// Shapes: [n, ...] at n indices → [rows, ...]. Gradient: gathered.
  public func scatterAddRows(_ indices: IntTensor, rows: Int) -> Tensor {
    precondition(
      rank >= 1 && indices.count == shape[0],
      "scatterAddRows: shape \(shape) at indices \(indices.shape)")
    indices.check("scatterAddRows", below: rows)
    let y = Tensor.zeros([rows] + shape.dropFirst())
    backend.scatterAddRows(
      plain, indices, width: shape.dropFirst().reduce(1, *), into: y)
    let flat = indices.reshaped([indices.count])
    return y.recorded(from: self) { $0.gatherRows(flat) }
  }

  /// Positions of any axis by index, repeats allowed.
  ///
  /// Shapes: [a, n, b] with axis 1 by [k] → [a, k, b].
  public func gathered(axis: Int, _ indices: IntTensor) -> Tensor {
    let axis = position("gathered", axis)
    precondition(indices.shape.count == 1, "gathered: indices of shape \(indices.shape)")
    if axis == 0 { return gatherRows(indices) }
    var order = Array(0..<rank)
    order.swapAt(0, axis)
    return permuted(order).gatherRows(indices).permuted(order)
  }

  /// Along the last axis, the elements at each row's own indices.
  ///
  /// Shapes: [..., n] by [..., k] → [..., k]. Gradient: added back in index order.
  public func takeAlong(_ indices: IntTensor) -> Tensor {
    precondition(
      rank >= 1 && indices.shape.dropLast() == shape.dropLast() && indices.shape.count == rank,
      "takeAlong: shape \(shape) by indices \(indices.shape)")
    let (columns, taken) = (shape[rank - 1], indices.shape[rank - 1])
    indices.check("takeAlong", below: columns)
    let y = Tensor(uninitialized: indices.shape, on: storage.device)
    if y.count > 0 {
      backend.takeAlong(plain, indices, columns: columns, taken: taken, into: y)
    }
    return y.recorded(from: self) { $0.scatterAddAlong(indices, columns: columns) }
  }

  /// Zeros of `columns` columns with each row's elements added at its own indices, in index order.
  ///
  /// Shapes: [..., k] at [..., k] → [..., columns]. Gradient: taken.
  public func scatterAddAlong(_ indices: IntTensor, columns: Int) -> Tensor {
    precondition(
      rank >= 1 && indices.shape == shape,
      "scatterAddAlong: shape \(shape) at indices \(indices.shape)")
    indices.check("scatterAddAlong", below: columns)
    let y = Tensor.zeros(shape.dropLast() + [columns])
    if count > 0 {
      backend.scatterAddAlong(
        plain, indices, columns: columns, taken: shape[rank - 1], into: y)
    }
    return y.recorded(from: self) { $0.takeAlong(indices) }
  }

  /// The `count` largest of each row of the last axis, largest first, and where they stand. Ties go
  /// to the lowest index; NaN counts as larger than infinity.
  ///
  /// Shapes: [..., n] → [..., count] twice. Gradient: to the places taken.
  public func topK(_ count: Int) -> (values: Tensor, indices: IntTensor) {
    let indices = order("topK", descending: true, count)
    return (takeAlong(indices), indices)
  }

  /// The last axis in ascending (or descending) order and the positions it comes from; stable.
  public func sorted(descending: Bool = false) -> (values: Tensor, indices: IntTensor) {
    let indices = argSort(descending: descending)
    return (takeAlong(indices), indices)
  }

  /// The positions that put the last axis in order; equal values keep theirs.
  public func argSort(descending: Bool = false) -> IntTensor {
    order("argSort", descending: descending, shape.last ?? 0)
  }

  private func order(_ operation: String, descending: Bool, _ count: Int) -> IntTensor {
    precondition(
      rank >= 1 && count >= 0 && count <= shape[rank - 1],
      "\(operation): \(count) of shape \(shape)")
    let positions = IntTensor(uninitialized: shape.dropLast() + [count])
    backend.order(
      plain, descending: descending, columns: shape[rank - 1], count: count, into: positions)
    return positions
  }
}

/// Rows of a table by index. Gradient: added into the table's rows in index order.
///
/// Shapes: `table` [n, d], `indices` [...] → [..., d].
public func embedding(_ table: Tensor, _ indices: IntTensor) -> Tensor {
  precondition(table.rank == 2, "embedding: table of shape \(table.shape)")
  return table.gatherRows(indices)
}

/// Rows of zeros with 1 at the label; a label outside 0 ..< `classes` gives zeros alone.
///
/// Shapes: [...] → [..., classes].
public func oneHot(_ labels: IntTensor, _ classes: Int) -> Tensor {
  labels.withUnsafeElements { all in
    Tensor(shape: labels.shape + [classes]) { y in
      y.update(repeating: 0)
      for (row, label) in all.enumerated() where label >= 0 && label < classes {
        y[row * classes + Int(label)] = 1
      }
    }
  }
}

extension Tensor {
  /// Integers or bytes as floats.
  public init<Element: BinaryInteger>(_ values: Elements<Element>) {
    self = values.withUnsafeElements { all in
      Tensor(shape: values.shape) { y in
        for index in all.indices { y[index] = Float(all[index]) }
      }
    }
  }

  /// The last two axes with zeros above the diagonal. Precondition: they are equal.
  public var lowerTriangle: Tensor {
    precondition(
      rank >= 2 && shape[rank - 1] == shape[rank - 2], "lowerTriangle: shape \(shape)")
    return select(.causalMask(shape[rank - 1]), self, 0)
  }
}
