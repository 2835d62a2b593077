import CKernels
import Tensors

/// What a replica's thread sees of the model during a step: values put in place of parameters, and
/// writes that are not committed yet.
package final class ReplicaThread {
  /// Values read in place of an entry's own, by its index (`withValues`).
  package var overrides: [Int: Tensor] = [:]
  /// Writes of this step by entry index, the latest of each.
  package var staged: [Int: Tensor] = [:]
  /// Above 0 inside `withValues`, where state is not written.
  package var virtualDepth = 0
  /// Where writes go to another entry, also inside `withValues`, by the index of the one they name.
  package var redirected: [Int: Int] = [:]
  /// A parameter's value after the updates that this replica's step has asked for so far; nil where
  /// they leave it as the arena has it.
  package var updatedValue: ((Parameter) -> Tensor?)?

  package init() {}

  package static var current: ReplicaThread? {
    guard let pointer = mk_thread_slot_get(1) else { return nil }
    return Unmanaged<ReplicaThread>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Runs `body` with this as the thread's current state.
  package func run<R>(_ body: () throws -> R) rethrows -> R {
    let previous = mk_thread_slot_get(1)
    mk_thread_slot_set(1, Unmanaged.passUnretained(self).toOpaque())
    defer { mk_thread_slot_set(1, previous) }
    return try withExtendedLifetime(self) { try body() }
  }
}

/// Evaluates `body` with other values in place of parameters, on this thread: inner loops, virtual
/// updates, exponential averages. Writes to `State` are off inside.
public func withValues<R>(
  _ values: [(Parameter, Tensor)], _ body: () throws -> R
) rethrows -> R {
  for (parameter, value) in values {
    precondition(
      value.shape == parameter.shape,
      "withValues: \(parameter.name) is \(parameter.shape), not \(value.shape)")
  }
  return try withOverrides(values.map { ($0.index, $1) }, body)
}

/// `withValues` for any entries of the arena, by index; writes are off but for those that `redirected`
/// sends elsewhere.
func withOverrides<R>(
  _ values: [(Int, Tensor)], redirected: [Int: Int] = [:], _ body: () throws -> R
) rethrows -> R {
  guard let thread = ReplicaThread.current else {
    return try ReplicaThread().run {
      try withOverrides(values, redirected: redirected, body)
    }
  }
  let previous = (thread.overrides, thread.redirected)
  for (index, value) in values { thread.overrides[index] = value }
  thread.redirected = redirected
  thread.virtualDepth += 1
  defer {
    (thread.overrides, thread.redirected) = previous
    thread.virtualDepth -= 1
  }
  return try body()
}
