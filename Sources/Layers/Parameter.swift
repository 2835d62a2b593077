import Tensors

/// A tensor that training changes by its gradient; a handle into the arena.
///
/// On a thread with a tape, reading `value` makes it a leaf of that tape, once.
public struct Parameter: Sendable, Hashable {
  package let arena: Arena
  public let index: Int

  public var name: String { arena.entries[index].name }
  public var shape: [Int] { arena.entries[index].shape }
  public var count: Int { arena.entries[index].count }

  /// The value at this line of the step: after every update that lines above it asked for.
  public var value: Tensor {
    let thread = ReplicaThread.current
    if let other = thread?.overrides[index] { return other }
    let updated = thread?.updatedValue?(self)
    guard let tape = Tape.current, tape.isRecording else {
      return updated ?? arena.value(at: index)
    }
    let leaf = tape.leaves[index] ?? arena.value(at: index).tracked()
    tape.leaves[index] = leaf
    // Gradients at the new value and at the old one belong to the same parameter.
    return updated?.recorded(from: leaf) { $0 } ?? leaf
  }

  public static func == (a: Parameter, b: Parameter) -> Bool {
    a.index == b.index && a.arena === b.arena
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(index) }
}

/// A tensor that the step itself writes: running statistics, queues, banks, counters.
///
/// A write is staged: later lines of the same step on the same replica see it, the others when the
/// step commits. All replicas must write the same value, which follows from gathered data.
public struct State: Sendable {
  package let arena: Arena
  public let index: Int

  public var name: String { arena.entries[index].name }
  public var shape: [Int] { arena.entries[index].shape }

  public var value: Tensor {
    if let thread = ReplicaThread.current,
      let other = thread.overrides[index] ?? thread.staged[index]
    {
      return other
    }
    return arena.value(at: index)
  }

  /// Stages `value` for commit. Without a step on this thread (building, tests) it is written at
  /// once. In a virtual pass (`withValues`) nothing is written.
  public func write(_ value: Tensor) {
    precondition(value.shape == shape, "\(name): writing \(value.shape) into \(shape)")
    guard let thread = ReplicaThread.current else {
      arena.write(value.detached, at: index)
      return
    }
    let other = thread.redirected[index]
    guard thread.virtualDepth == 0 || other != nil else { return }
    // A view of the arena would change with the arena before the commit.
    let isView = value.storage === arena.sealedStorage
    let staged = isView ? Tensor(value.elements, shape: shape) : value.detached.contiguous()
    thread.staged[other ?? index] = staged
    if other != nil { thread.overrides[index] = staged }
  }
}
