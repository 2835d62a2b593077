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

  /// Where the handler puts a signal's number and the thread takes it from: writing to a pipe is
  /// among the few things that a handler may do.
  private static let pipe = Pipe()
  private static let entry = pipe.fileHandleForWriting.fileDescriptor

  /// One for a process.
  ///
  /// `also`: Other signals that mean the same.
  package init(also others: [Int32] = []) {
    _ = Self.entry
    let numbers = [SIGINT, SIGTERM] + others
    // A parent's thread that blocks signals hands that down to its children.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in numbers {
      let former = signal(number) { number in
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(Interrupts.entry, &byte, 1)
      }
      // A shell's background jobs and `nohup` ignore signals on purpose.
      if unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      }
    }
    Thread.detachNewThread { [self] in
      while let byte = try? Self.pipe.fileHandleForReading.read(upToCount: 1)?.first {
        received(Int32(byte))
      }
    }
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
