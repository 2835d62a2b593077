import Collectives

extension Trainer {
  /// Takes over the state of another worker or a checkpoint; `arena` was written already.
  ///
  /// Throws: `TrainingError.checkpoint` if the arena is not the one that the progress's digest was
  /// made of. `origin` is what the error calls it.
  package func adopt(_ progress: Progress, from origin: String) throws {
    self.progress = progress
    current.arena.markAllChanged()
    guard job.hasDigests else {
      self.progress.digest = nil
      return
    }
    guard let expected = progress.digest else { return }
    let found = recomputedDigest()
    guard found == "\(expected.value)" else {
      throw TrainingError.checkpoint(
        path: origin,
        problem: "is not the state it was: its digest is \(found), \(expected.value) was recorded")
    }
  }

  /// Of the last commit, as hexadecimal text; empty without one.
  package var digest: String { progress.digest.map { "\($0.value)" } ?? "" }

  /// What frames of the next step carry of the digest; 0 without one.
  var stamp: UInt64 { progress.digest?.value.low ?? 0 }

  /// The digest that the last commit has by what is in memory now, all of it read again.
  package func recomputedDigest() -> String {
    beginDigests()
    guard let known = progress.digest else { return "" }
    current.arena.markAllChanged()
    return
      "\(StateDigest(after: known.previous, progress, state: current.blocks.combined()).value)"
  }

  /// The chain begins with the state before the first step, so that differing initial states are
  /// noticed too; also for a checkpoint that has no digest.
  func beginDigests() {
    if progress.digest == nil { chainDigest() }
  }

  func chainDigest() {
    guard job.hasDigests else { return }
    beforeDigest?(self)
    progress.digest = StateDigest(
      after: progress.digest?.value ?? .zero, progress, state: current.blocks.combined())
  }

  /// Makes sure that all workers have committed the same state; a step compares only what was
  /// committed before it.
  ///
  /// Throws: `ExchangeError`.
  package func compareStates(_ group: ReplicaGroup) throws {
    guard job.hasDigests else { return }
    _ = try firstCause(group.run(serial: progress.serial + 1, state: stamp) { _ in () })
  }
}
