import Synchronization

/// What a worker does, told to whoever watches over it: a count of all that gets done, and a word.
///
/// A count that stands still says that nothing moves, however long a step or pass may take. Writers
/// are the training's threads; readers see each value a moment late, without a lock.
package final class Activity: Sendable {
  package enum Phase: UInt8, CaseIterable, Sendable {
    /// Learns which members lack the generation's state.
    case joining
    /// The first step of a stage: its length says nothing of the others.
    case starting
    /// Waits for its samples.
    case input
    /// Computes and exchanges.
    case compute
    case evaluating
    /// Builds the next stage's model.
    case staging
    /// Writes a checkpoint or a result.
    case storing

    package var word: String { "\(self)" }
  }

  private let done = Atomic<UInt64>(0)
  private let current = Atomic<UInt8>(Phase.joining.rawValue)

  package init() {}

  /// Something is done: a collective, a replica's step, a sample.
  package func rise() { done.add(1, ordering: .relaxed) }

  package func enter(_ phase: Phase) {
    current.store(phase.rawValue, ordering: .relaxed)
    rise()
  }

  package var count: UInt64 { done.load(ordering: .relaxed) }
  package var phase: Phase { Phase(rawValue: current.load(ordering: .relaxed)) ?? .compute }
}
