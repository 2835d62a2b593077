import Synchronization
import Tensors

/// A thread that owns its sockets: it runs one function and can be waited for.
package final class OwnedThread: Sendable {
  private let thread: Mutex<SystemThread?>

  /// Throws: `TransportError.system` when the system has no more threads.
  package init(
    name: String, _ body: @escaping @Sendable () -> Void
  ) throws(TransportError) {
    do { thread = Mutex(try SystemThread(name: name, body)) } catch {
      throw .system(operation: "start a thread", reason: "\(error)")
    }
  }

  /// Waits until the function has returned; a second call returns at once.
  package func join() {
    let thread = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    thread?.join()
  }
}

/// Passes a socket to the thread that will own it: made in one, used only in the other.
final class Handed<Value>: @unchecked Sendable {
  private var value: Value?
  init(_ value: Value) { self.value = value }

  func take() -> Value {
    guard let value else { preconditionFailure("Handed: taken twice") }
    self.value = nil
    return value
  }
}
