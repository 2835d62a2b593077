import CKernels

/// A tensor's place on a tape.
package struct TapeNode: Sendable {
  package let tape: UInt64  // Tape.identifier
  package let index: Int
}

/// The record of the operations of one replica's thread, in the order they ran: a flat list, so a
/// deep graph costs no stack when it is released.
///
/// Operations record themselves on the thread's current tape when one of their inputs is tracked.
/// `gradients(of:over:)` runs the list in reverse. A tape is used by one thread at a time.
///
/// ```swift
/// let dx = try withTape {
///   let x = x.tracked()
///   return try gradients(of: (x * x).sum(), over: [x])[0]  // 2x
/// }
/// ```
public final class Tape {
  /// Cotangent of the output → cotangents of the inputs, `nil` where an input gets none.
  package typealias Pullback = (Tensor) throws -> [Tensor?]

  package struct Node {
    let inputs: [Int]  // node index of each input, -1 where it is not tracked
    let shape: [Int]
    /// Collectives run their adjoint on every replica, with zeros if no cotangent came.
    let always: Bool
    /// Released once run, unless the tape is retained. `nil` in leaves and when consumed.
    var pullback: Pullback?
    /// How to compute the same value from operations that differentiate again.
    var composite: (() -> [Tensor], ([Tensor]) throws -> Tensor)?
    let isLeaf: Bool
    /// Set where the pullback is not made of recorded operations: the operation's name.
    var fused: String?
  }

  package let identifier: UInt64
  package var nodes: [Node] = []
  package var isRecording = true
  /// Leaves made on first use, such as parameters, by the identifier their owner chose.
  package var leaves: [Int: Tensor] = [:]

  package init() { identifier = UInt64(mk_next_identifier()) }

  /// The tape of this thread, if any.
  package static var current: Tape? {
    guard let pointer = mk_thread_slot_get(0) else { return nil }
    return Unmanaged<Tape>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Whether this thread has a tape.
  public static var hasCurrent: Bool { current != nil }

  /// Whether operations on this thread are being recorded. A pullback that finds them recorded is
  /// part of a gradient of a gradient and must be made of recorded operations.
  package static var isRecordingHere: Bool { current?.isRecording ?? false }

  package func leaf(_ value: Tensor) -> Tensor {
    append(value, Node(inputs: [], shape: value.shape, always: false, pullback: nil, isLeaf: true))
  }

  package func append(_ value: Tensor, _ node: Node) -> Tensor {
    nodes.append(node)
    var tracked = value
    tracked.node = TapeNode(tape: identifier, index: nodes.count - 1)
    return tracked
  }

  /// The index of `tensor` on this tape, -1 if it is not tracked here.
  package func index(of tensor: Tensor) -> Int {
    guard let node = tensor.node, node.tape == identifier else { return -1 }
    return node.index
  }
}

/// Runs `body` with a fresh tape on this thread; the tape is released afterwards.
public func withTape<R>(_ body: () throws -> R) rethrows -> R {
  let tape = Tape()
  let previous = mk_thread_slot_get(0)
  mk_thread_slot_set(0, Unmanaged.passUnretained(tape).toOpaque())
  defer { mk_thread_slot_set(0, previous) }
  return try withExtendedLifetime(tape) { try body() }
}

/// Runs `body` without recording: its results are constants.
public func withoutRecording<R>(_ body: () throws -> R) rethrows -> R {
  guard let tape = Tape.current else { return try body() }
  let previous = tape.isRecording
  tape.isRecording = false
  defer { tape.isRecording = previous }
  return try body()
}

extension Tensor {
  /// A leaf of the current tape with this value, or the tensor itself where nothing is recorded.
  public func tracked() -> Tensor {
    guard let tape = Tape.current, tape.isRecording else { return self }
    return tape.leaf(self)
  }

  /// The same value as a constant: gradients stop here.
  public var detached: Tensor {
    var copy = self
    copy.node = nil
    return copy
  }

  /// Whether gradients can reach this tensor on the current tape.
  public var isTracked: Bool {
    Tape.current.map { $0.isRecording && $0.index(of: self) >= 0 } ?? false
  }

  /// Records how gradients flow from this value, just computed, back to `inputs`.
  ///
  /// - Parameters:
  ///   - inputs: What the value was computed from.
  ///   - always: Run the pullback even if no cotangent arrives (collectives).
  ///   - fused: The operation's name where `pullback` is not made of recorded operations.
  ///   - composite: With `fused`: computes the value from `inputs` by operations that differentiate
  ///     again. Without one, a gradient of a gradient throws and names the operation.
  ///   - pullback: Cotangent of this value → one cotangent per input, `nil` for none.
  /// - Returns: The value, tracked if one of `inputs` is.
  public func recorded(
    from inputs: [Tensor], always: Bool = false, fused: String? = nil,
    composite: (([Tensor]) throws -> Tensor)? = nil,
    pullback: @escaping (Tensor) throws -> [Tensor?]
  ) -> Tensor {
    guard let tape = Tape.current, tape.isRecording else { return self }
    let indices = inputs.map { tape.index(of: $0) }
    guard indices.contains(where: { $0 >= 0 }) else { return self }
    return tape.append(
      self,
      Tape.Node(
        inputs: indices, shape: shape, always: always, pullback: pullback,
        composite: composite.map { form in ({ inputs }, form) }, isLeaf: false,
        fused: fused))
  }

  /// `recorded` for one input.
  public func recorded(
    from input: Tensor, fused: String? = nil, composite: ((Tensor) throws -> Tensor)? = nil,
    pullback: @escaping (Tensor) throws -> Tensor
  ) -> Tensor {
    recorded(from: [input], fused: fused, composite: composite.map { form in { try form($0[0]) } })
    {
      [try pullback($0)]
    }
  }

  /// `recorded` for one input with two pullbacks: `kernel` for the common case, `again`, of recorded
  /// operations, where the backward pass itself is recorded.
  package func recorded(
    from input: Tensor, kernel: @escaping (Tensor) -> Tensor,
    again: @escaping (Tensor) throws -> Tensor
  ) -> Tensor {
    recorded(from: input) { dy in Tape.isRecordingHere ? try again(dy) : kernel(dy) }
  }

  /// `recorded` for two inputs with a pullback each; one whose input is not tracked does not run.
  public func recorded(
    from first: Tensor, _ firstPullback: @escaping (Tensor) throws -> Tensor,
    _ second: Tensor, _ secondPullback: @escaping (Tensor) throws -> Tensor
  ) -> Tensor {
    let (wantsFirst, wantsSecond) = (first.isTracked, second.isTracked)
    return recorded(from: [first, second]) { dy in
      [wantsFirst ? try firstPullback(dy) : nil, wantsSecond ? try secondPullback(dy) : nil]
    }
  }
}
