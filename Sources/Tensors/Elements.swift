/// A dense array of integers or bytes with a shape: indices, labels, images, masks.
///
/// Row-major and contiguous; it takes no part in gradients. `Tensor` is its float companion.
public struct Elements<Element: BitwiseCopyable & Sendable>: Sendable {
  public let shape: [Int]
  package let storage: Storage

  public var count: Int { shape.reduce(1, *) }

  /// Precondition: `values.count` is the product of `shape`.
  public init(_ values: [Element], shape: [Int]) {
    self.init(shape: shape) { buffer in
      precondition(
        values.count == buffer.count, "Elements: \(values.count) values for shape \(shape)")
      _ = buffer.update(from: values)
    }
  }

  public init(_ values: [Element]) { self.init(values, shape: [values.count]) }

  public init(repeating value: Element, shape: [Int]) {
    self.init(shape: shape) { $0.update(repeating: value) }
  }

  /// Made by writing every element.
  public init(
    shape: [Int], writing body: (UnsafeMutableBufferPointer<Element>) throws -> Void
  ) rethrows {
    self.init(uninitialized: shape)
    try body(UnsafeMutableBufferPointer(start: pointer, count: count))
  }

  /// Memory of undefined content, for the operation that fills it.
  package init(uninitialized shape: [Int]) {
    precondition(shape.allSatisfy { $0 >= 0 }, "Elements: negative size in shape \(shape)")
    let count = shape.reduce(1, *)
    self.init(
      shape: shape, storage: Storage(byteCount: count * MemoryLayout<Element>.stride))
  }

  package var pointer: UnsafeMutablePointer<Element> {
    storage.pointer.bindMemory(to: Element.self, capacity: count)
  }

  /// The elements, contiguous in row-major order; valid during the call.
  public func withUnsafeElements<R>(
    _ body: (UnsafeBufferPointer<Element>) throws -> R
  ) rethrows -> R {
    try withExtendedLifetime(storage) {
      try body(UnsafeBufferPointer(start: UnsafePointer(pointer), count: count))
    }
  }

  public var elements: [Element] { withUnsafeElements { Array($0) } }

  /// The same elements under another shape of equal count.
  public func reshaped(_ shape: [Int]) -> Self {
    precondition(
      shape.reduce(1, *) == count, "reshaped: \(self.shape) has \(count) elements, not \(shape)")
    return Self(shape: shape, storage: storage)
  }

  /// `range` of the first axis, copied.
  public func rows(_ range: Range<Int>) -> Self {
    precondition(
      !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0],
      "rows: \(range) of shape \(shape)")
    let width = shape.dropFirst().reduce(1, *)
    return withUnsafeElements { all in
      Self(shape: [range.count] + shape.dropFirst()) { part in
        let source = all[range.lowerBound * width..<range.upperBound * width]
        _ = part.update(fromContentsOf: source)
      }
    }
  }

  /// Positions of the first axis by index, repeats allowed, copied.
  ///
  /// Precondition: indices are in 0 ..< n.
  public func gatherRows(_ indices: IntTensor) -> Self {
    precondition(!shape.isEmpty, "gatherRows: of a scalar")
    let width = shape.dropFirst().reduce(1, *)
    return Self(shape: indices.shape + shape.dropFirst()) { result in
      withUnsafeElements { all in
        indices.withUnsafeElements { chosen in
          for (place, row) in chosen.enumerated() {
            precondition(row >= 0 && row < shape[0], "gatherRows: index \(row) of \(shape[0])")
            for column in 0..<width {
              result[place * width + column] = all[Int(row) * width + column]
            }
          }
        }
      }
    }
  }

  private init(shape: [Int], storage: Storage) {
    self.shape = shape
    self.storage = storage
  }
}

/// Parts one after another along the first axis; their other sizes agree.
///
/// Precondition: at least one part.
public func concatenated<Element>(_ parts: [Elements<Element>]) -> Elements<Element> {
  guard let first = parts.first else { preconditionFailure("concatenated: no parts") }
  let rest = first.shape.dropFirst()
  for part in parts {
    precondition(
      !part.shape.isEmpty && part.shape.dropFirst() == rest,
      "concatenated: shapes \(first.shape) and \(part.shape)")
  }
  return Elements(shape: [parts.reduce(0) { $0 + $1.shape[0] }] + rest) { result in
    var start = 0
    for part in parts {
      part.withUnsafeElements { all in
        for index in all.indices { result[start + index] = all[index] }
      }
      start += part.count
    }
  }
}

/// Indices and labels.
public typealias IntTensor = Elements<Int32>
/// Images, masks and truth values.
public typealias ByteTensor = Elements<UInt8>
