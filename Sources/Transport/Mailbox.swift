import Glibc
import Synchronization

/// A bounded queue into a thread that waits in `poll`: its descriptor is readable when it is not
/// empty. Any thread may put; one takes.
package final class Mailbox<Element: Sendable>: Sendable {
  package let descriptor: Int32
  private let writeEnd: Int32
  private let elements = Mutex<[Element]>([])
  private let capacity: Int

  package init(capacity: Int) throws(TransportError) {
    self.capacity = capacity
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw .system(operation: "make a pipe", reason: String(cString: strerror(errno)))
    }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    descriptor = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  /// False if the queue is full; the element is then dropped.
  @discardableResult package func put(_ element: Element) -> Bool {
    let isTaken = elements.withLock { elements in
      guard elements.count < capacity else { return false }
      elements.append(element)
      return true
    }
    wake()
    return isTaken
  }

  /// Makes the descriptor readable without putting anything.
  package func wake() {
    // A full pipe is awake already.
    _ = write(writeEnd, "!", 1)
  }

  package func takeAll() -> [Element] {
    var sink = [UInt8](repeating: 0, count: 4096)
    while read(descriptor, &sink, sink.count) == sink.count {}
    return elements.withLock { elements in
      defer { elements = [] }
      return elements
    }
  }
}
