/// A float32 array with a shape, channels last: [batch, height, width, channels], [batch, tokens,
/// channels]. A value: operations make new tensors, nothing is changed in place.
///
/// A tensor may be a strided view of another's storage (`transposed`, `sliced`, `broadcast`).
/// Operations that need plain row-major memory copy such views themselves. A tensor made on a
/// thread with a tape from a tracked tensor is itself tracked, see `Tape`.
public struct Tensor: Sendable {
  public let shape: [Int]
  package let strides: [Int]  // in elements; 0 along a broadcast axis
  package let offset: Int  // in elements
  package private(set) var storage: Storage
  package var node: TapeNode?

  package init(
    shape: [Int], strides: [Int], offset: Int, storage: Storage, node: TapeNode? = nil
  ) {
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.storage = storage
    self.node = node
  }

  /// Contiguous memory of undefined content, for the operation that fills it.
  package init(uninitialized shape: [Int], on device: Device = .cpu) {
    precondition(shape.allSatisfy { $0 >= 0 }, "Tensor: negative size in shape \(shape)")
    self.init(
      shape: shape, strides: Self.rowMajor(shape), offset: 0,
      storage: Storage(byteCount: shape.reduce(1, *) * 4, device: device))
  }

  /// Precondition: `values.count` is the product of `shape`.
  public init(_ values: [Float], shape: [Int]) {
    self.init(uninitialized: shape)
    precondition(values.count == count, "Tensor: \(values.count) values for shape \(shape)")
    _ = mutableElements.update(from: values)
  }

  public init(_ values: [Float]) { self.init(values, shape: [values.count]) }

  /// A scalar: shape [].
  public init(_ value: Float) { self.init([value], shape: []) }

  public init(repeating value: Float, shape: [Int]) {
    self.init(uninitialized: shape)
    mutableElements.update(repeating: value)
  }

  public static func zeros(_ shape: [Int]) -> Tensor { Tensor(repeating: 0, shape: shape) }
  public static func ones(_ shape: [Int]) -> Tensor { Tensor(repeating: 1, shape: shape) }

  /// Made by writing every element in row-major order.
  public init(
    shape: [Int], writing body: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    self.init(uninitialized: shape)
    try body(mutableElements)
  }

  public var rank: Int { shape.count }
  public var count: Int { shape.reduce(1, *) }

  /// Whether the elements lie in row-major order without gaps.
  package var isContiguous: Bool {
    var expected = 1
    for axis in stride(from: shape.count - 1, through: 0, by: -1) {
      if shape[axis] == 0 { return true }
      if shape[axis] != 1 && strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }

  /// Whether no other tensor sees this memory, so that it may be written once more.
  mutating func ownsItsMemory() -> Bool {
    isContiguous && storage.isPooled && isKnownUniquelyReferenced(&storage)
  }

  /// The first element. The memory is read-only once the operation that made it has returned.
  package var pointer: UnsafeMutablePointer<Float> {
    storage.pointer.assumingMemoryBound(to: Float.self) + offset
  }

  /// For the operation that makes this tensor. Precondition: contiguous.
  package var mutableElements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }

  /// The elements in row-major order; valid during the call.
  public func withUnsafeElements<R>(
    _ body: (UnsafeBufferPointer<Float>) throws -> R
  ) rethrows -> R {
    let plain = contiguous()
    return try withExtendedLifetime(plain.storage) {
      try body(UnsafeBufferPointer(start: UnsafePointer(plain.pointer), count: plain.count))
    }
  }

  /// The elements in row-major order.
  public var elements: [Float] { withUnsafeElements { Array($0) } }

  /// The one element. Precondition: the count is 1.
  public var scalar: Float {
    precondition(count == 1, "scalar: shape \(shape) has \(count) elements")
    return pointer.pointee
  }

  package static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var product = 1
    for axis in stride(from: shape.count - 1, through: 0, by: -1) {
      strides[axis] = product
      product *= Swift.max(shape[axis], 1)
    }
    return strides
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    let shown = count <= 16 ? elements.map { "\($0)" }.joined(separator: ", ") : "\(count) elements"
    return "Tensor\(shape)[\(shown)]"
  }
}
