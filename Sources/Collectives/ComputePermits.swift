import Tensors

/// How many replica threads of a worker compute at once; first come, first served.
///
/// A thread holds a permit while it computes and gives it up whenever it waits, so a worker that
/// hosts more replicas than it has cores still makes progress in every collective.
package final class ComputePermits: Sendable {
  private let monitor = Monitor()
  private nonisolated(unsafe) var free: Int  // guarded by monitor, as all below
  private nonisolated(unsafe) var nextTicket: UInt64 = 0
  private nonisolated(unsafe) var served: UInt64 = 0

  private nonisolated(unsafe) var busy = Duration.zero
  private nonisolated(unsafe) var busySince: ContinuousClock.Instant?
  private nonisolated(unsafe) var held = Duration.zero
  private nonisolated(unsafe) var heldUntil = ContinuousClock.now

  package let count: Int

  /// How long at least one permit was held, in all: the time a worker computed. For `status`.
  package var busySeconds: Double {
    inSeconds(monitor.withLock { busy + (busySince.map { ContinuousClock.now - $0 } ?? .zero) })
  }

  /// How long permits were held, added up over all of them: what the replicas computed, without
  /// their waits for each other.
  package var heldSeconds: Double {
    inSeconds(
      monitor.withLock {
        account(at: .now)
        return held
      })
  }

  /// Only under the monitor.
  private func account(at now: ContinuousClock.Instant) {
    held += (now - heldUntil) * (count - free)
    heldUntil = now
  }

  private func inSeconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }

  package init(count: Int) {
    precondition(count >= 1, "ComputePermits: \(count)")
    self.count = count
    free = count
  }

  package func acquire() {
    monitor.withLock {
      let ticket = nextTicket
      nextTicket += 1
      while ticket != served || free == 0 { monitor.wait() }
      served += 1
      let now = ContinuousClock.now
      account(at: now)
      if free == count { busySince = now }
      free -= 1
      if free > 0 { monitor.wakeAll() }
    }
  }

  package func release() {
    monitor.withLock {
      let now = ContinuousClock.now
      account(at: now)
      free += 1
      precondition(free <= count, "ComputePermits: released more often than acquired")
      if free == count, let since = busySince {
        busy += now - since
        busySince = nil
      }
      monitor.wakeAll()
    }
  }

  /// Lets a waiting thread go first; returns at once if there is none. Only with a permit held.
  package func yieldPermit() {
    let someoneWaits = monitor.withLock { nextTicket != served }
    guard someoneWaits else { return }
    release()
    acquire()
  }
}
