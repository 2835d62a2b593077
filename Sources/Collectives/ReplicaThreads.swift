import Synchronization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A POSIX thread that runs one closure.
package final class ComputeThread: @unchecked Sendable {
  private final class Start {
    let body: @Sendable () -> Void
    init(body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private let handle: pthread_t

  /// Deep graphs recurse little, but BLAS and image decoders want room: 8 MB of stack.
  ///
  /// Fatal if the system gives no thread: nothing of a worker works without.
  package init(stackBytes: Int = 8 << 20, _ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, stackBytes)
    defer { pthread_attr_destroy(&attributes) }
    var created = pthread_t()
    let start = Unmanaged.passRetained(Start(body: body)).toOpaque()
    let status = pthread_create(
      &created, &attributes,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        flushDenormals()
        start.body()
        return nil
      }, start)
    guard status == 0 else { fatalError("pthread_create: error \(status)") }
    handle = created
  }

  /// Waits for the end of the closure. Call exactly once.
  package func join() { pthread_join(handle, nil) }

  /// A thread nobody waits for.
  package static func detached(_ body: @escaping @Sendable () -> Void) {
    pthread_detach(ComputeThread(body).handle)
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
      ComputeThread {
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
