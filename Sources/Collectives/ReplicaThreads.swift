import Synchronization
import Tensors

/// A thread that computes: numbers too small for the normal format count as zero in it.
package struct ComputeThread: Sendable {
  private let thread: SystemThread

  /// Fatal if the system gives no thread: nothing of a worker works without.
  package init(name: String, _ body: @escaping @Sendable () -> Void) {
    do {
      thread = try SystemThread(name: name) {
        flushDenormals()
        body()
      }
    } catch { fatalError("no thread '\(name)': \(error)") }
  }

  /// Waits for the end of the closure. Call exactly once.
  package func join() { thread.join() }

  /// A thread nobody waits for.
  package static func detached(name: String, _ body: @escaping @Sendable () -> Void) {
    ComputeThread(name: name, body).thread.detach()
  }
}

/// Runs code once per hosted replica, each on a thread of its own.
package enum ReplicaThreads {
  /// Runs `body` for each replica of `hosted`, with a compute permit held, and waits for all.
  ///
  /// - Returns: What each replica returned or threw, in replica order.
  package static func run<R: Sendable>(
    _ hosted: Range<Int>, permits: ComputePermits, _ body: @escaping @Sendable (Int) throws -> R
  ) -> [Result<R, any Error>] {
    let results = ResultSlots<R>(count: hosted.count)
    let threads = hosted.map { replica in
      ComputeThread(name: "replica \(replica)") {
        permits.acquire()
        defer { permits.release() }
        results.set(Result { try body(replica) }, at: replica - hosted.lowerBound)
      }
    }
    for thread in threads { thread.join() }
    return results.all()
  }
}

private final class ResultSlots<R: Sendable>: Sendable {
  private let slots: Mutex<[Result<R, any Error>?]>

  init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

  func set(_ result: Result<R, any Error>, at index: Int) { slots.withLock { $0[index] = result } }

  /// Precondition: all are set.
  func all() -> [Result<R, any Error>] {
    slots.withLock { slots in
      slots.map { slot in
        guard let slot else { preconditionFailure("a replica thread ended without a result") }
        return slot
      }
    }
  }
}
