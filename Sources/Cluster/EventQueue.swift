import Foundation

/// Events from any thread to the one that decides, in order of arrival.
///
/// Bounded: beyond `capacity` the newest of what may be repeated is dropped, so a flood cannot eat
/// the memory; senders of such events say them again.
final class EventQueue<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var elements: [Element] = []  // guarded by condition
  private let capacity: Int

  init(capacity: Int = 100_000) { self.capacity = capacity }

  func put(_ element: Element) {
    condition.lock()
    if elements.count < capacity { elements.append(element) }
    condition.signal()
    condition.unlock()
  }

  /// What has arrived; waits at most `seconds` for the first.
  func takeAll(waiting seconds: Double) -> [Element] {
    condition.lock()
    defer { condition.unlock() }
    if elements.isEmpty { _ = condition.wait(until: Date().addingTimeInterval(seconds)) }
    defer { elements = [] }
    return elements
  }

  /// Whether something arrives within `seconds`; it stays in the queue.
  func isFilled(within seconds: Double) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    let end = Date().addingTimeInterval(seconds)
    while elements.isEmpty {
      guard condition.wait(until: end) else { break }
    }
    return !elements.isEmpty
  }

  /// The first to arrive; waits for ever.
  func take() -> Element {
    condition.lock()
    defer { condition.unlock() }
    while elements.isEmpty { condition.wait() }
    return elements.removeFirst()
  }
}
