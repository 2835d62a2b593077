import Coordination
import Tensors

/// Events from any thread to the one that decides, in order of arrival.
///
/// Bounded: beyond `capacity` the newest of what may be repeated is dropped, so a flood cannot eat
/// the memory; senders of such events say them again.
final class EventQueue<Element: Sendable>: @unchecked Sendable {
  private let monitor = Monitor()
  private var elements: [Element] = []  // guarded by monitor
  private let capacity: Int

  init(capacity: Int = 100_000) { self.capacity = capacity }

  func put(_ element: Element) {
    monitor.withLock {
      if elements.count < capacity { elements.append(element) }
      monitor.wakeAll()
    }
  }

  /// What has arrived; waits at most `seconds` for the first.
  func takeAll(waiting seconds: Double) -> [Element] {
    monitor.withLock {
      if elements.isEmpty { monitor.wait(seconds: seconds) }
      defer { elements = [] }
      return elements
    }
  }

  /// Whether something arrives within `seconds`; it stays in the queue.
  func isFilled(within seconds: Double) -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    return monitor.withLock {
      while elements.isEmpty {
        let left = end - ContinuousClock.now
        guard left > .zero else { break }
        monitor.wait(seconds: left.inSeconds)
      }
      return !elements.isEmpty
    }
  }

  /// The first to arrive; waits for ever.
  func take() -> Element {
    monitor.withLock {
      while elements.isEmpty { monitor.wait() }
      return elements.removeFirst()
    }
  }
}
