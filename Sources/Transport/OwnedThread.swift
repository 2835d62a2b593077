import Glibc
import Synchronization

/// A thread that owns its sockets: it runs one function and can be waited for.
package final class OwnedThread: Sendable {
  private let handle: Mutex<pthread_t?>

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Throws: `TransportError.system` when the system has no more threads.
  package init(_ body: @escaping @Sendable () -> Void) throws(TransportError) {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      throw .system(operation: "start a thread", reason: String(cString: strerror(code)))
    }
    handle = Mutex(thread)
  }

  /// Waits until the function has returned; a second call returns at once.
  package func join() {
    let thread = handle.withLock { handle in
      defer { handle = nil }
      return handle
    }
    if let thread { pthread_join(thread, nil) }
  }
}
