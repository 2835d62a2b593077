import Foundation
import Synchronization

/// Ctrl-C and SIGTERM, as calls on a thread of their own instead of in a signal handler.
///
/// The first asks for an end between two steps; the second ends the process at once.
package final class Interrupts: Sendable {
  private struct State {
    var received: Int32?
    var stop: (@Sendable () -> Void)?
    var end: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// Call before other threads exist: they inherit that the signals are blocked.
  package init() {
    var signals = Self.signals
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    Thread.detachNewThread { [self] in
      while true {
        var number: Int32 = 0
        var signals = Self.signals
        if sigwait(&signals, &number) == 0 { received(number) }
      }
    }
  }

  /// SIGINT and SIGTERM.
  package static var signals: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGINT)
    sigaddset(&set, SIGTERM)
    return set
  }

  /// - Parameters:
  ///   - stop: Asks the work to end; called at once if a signal came already.
  ///   - end: Called before the process ends on the second signal.
  package func handle(
    stop: @escaping @Sendable () -> Void, end: @escaping @Sendable () -> Void = {}
  ) {
    let isLate = state.withLock { state in
      state.stop = stop
      state.end = end
      return state.received != nil
    }
    if isLate { stop() }
  }

  /// How the process should end if a signal stopped it.
  package var status: ExitReason? {
    state.withLock { $0.received }.map { $0 == SIGTERM ? .terminated : .interrupted }
  }

  private func received(_ number: Int32) {
    let (isFirst, stop, end) = state.withLock { state in
      defer { if state.received == nil { state.received = number } }
      return (state.received == nil, state.stop, state.end)
    }
    if isFirst, let stop {
      Terminal.error.line("martlet: stopping after this step; Ctrl-C again ends at once")
      stop()
    } else {
      end?()
      (number == SIGTERM ? ExitReason.terminated : .interrupted).end()
    }
  }
}
