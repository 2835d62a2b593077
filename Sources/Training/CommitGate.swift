import Tensors

/// Where a training can be made to wait between two commits, so that its members change without a
/// step in flight. Passed by the training's thread, opened and closed by any.
///
/// Positions are serials of commits (`Progress.serial`).
package final class CommitGate: @unchecked Sendable {
  private let monitor = Monitor()
  private let isHeld: @Sendable (UInt64) -> Void
  // Guarded by the monitor:
  private var entered: UInt64 = 0
  private var limit: UInt64?
  private var changes = 0
  private var isEnded = false

  /// `isHeld`: The training waits, with everything up to this position committed. Called on its
  /// thread, which must not come back here.
  package init(isHeld: @escaping @Sendable (UInt64) -> Void) { self.isHeld = isHeld }

  /// Waits until the commit that reaches `position` may begin.
  ///
  /// Returns false if it never may, because the gate has ended.
  package func enter(_ position: UInt64) -> Bool {
    monitor.withLock {
      var told: Int?
      while let limit, position > limit, !isEnded {
        if told != changes {
          told = changes
          isHeld(limit)
        }
        monitor.wait()
      }
      if !isEnded { entered = max(entered, position) }
      return !isEnded
    }
  }

  /// Lets no commit begin after the one in flight; returns the position that this one reaches.
  package func close() -> UInt64 { change { max($0 ?? 0, entered) } ?? entered }

  /// Lets commits begin up to `position`.
  package func open(upTo position: UInt64) { _ = change { max($0 ?? 0, entered, position) } }

  /// Lets all commits begin.
  package func open() { _ = change { _ in nil } }

  /// Sends home whoever waits or comes.
  package func end() {
    monitor.withLock {
      isEnded = true
      monitor.wakeAll()
    }
  }

  private func change(_ next: (UInt64?) -> UInt64?) -> UInt64? {
    monitor.withLock {
      limit = next(limit)
      changes += 1
      monitor.wakeAll()
      return limit
    }
  }
}
