import Tensors

/// Puts blocks into the cache on a thread of its own, so that a slow disk delays nobody who reads.
///
/// What the disk cannot keep up with is left out; it comes again when it is wanted again.
final class CacheWriter: Sendable {
  private final class Queue: @unchecked Sendable {
    let monitor = Monitor()
    // Guarded by the monitor:
    var arrivals: [BlockCache.Arrival] = []
    /// Of what waits and of what is being written.
    var byteCount = 0
    var isEnding = false
  }

  private let queue = Queue()
  private let section: BlockCache.Section
  private let hasThread: Bool

  static let byteCountMax = 32 << 20

  init(_ section: BlockCache.Section) {
    self.section = section
    let queue = queue
    let thread = try? SystemThread(name: "cache") { Self.write(queue, section) }
    thread?.detach()
    hasThread = thread != nil
  }

  // What waits is still written, then the thread ends.
  deinit {
    queue.monitor.withLock {
      queue.isEnding = true
      queue.monitor.wakeAll()
    }
  }

  func add(_ arrivals: [BlockCache.Arrival]) {
    guard hasThread else { return section.write(arrivals) }
    queue.monitor.withLock {
      for arrival in arrivals {
        let byteCount = Self.byteCount(arrival)
        guard queue.byteCount + byteCount <= Self.byteCountMax else { break }
        queue.arrivals.append(arrival)
        queue.byteCount += byteCount
      }
      queue.monitor.wakeAll()
    }
  }

  /// What it takes while it waits, its administration included.
  private static func byteCount(_ arrival: BlockCache.Arrival) -> Int {
    arrival.bytes.count + 4_096
  }

  /// Waits until nothing waits any more.
  func finish() {
    queue.monitor.withLock { while queue.byteCount > 0 { queue.monitor.wait() } }
  }

  private static func write(_ queue: Queue, _ section: BlockCache.Section) {
    while true {
      // Some at a time, so that there is room again soon, and all that are small at once.
      let arrivals = queue.monitor.withLock {
        while queue.arrivals.isEmpty, !queue.isEnding { queue.monitor.wait() }
        var bytes = 0
        let some = Array(
          queue.arrivals.prefix { arrival in
            defer { bytes += byteCount(arrival) }
            return bytes < byteCountMax / 8
          })
        queue.arrivals.removeFirst(some.count)
        return some
      }
      if arrivals.isEmpty { return }
      section.write(arrivals)
      queue.monitor.withLock {
        queue.byteCount -= arrivals.reduce(0) { $0 + byteCount($1) }
        if queue.byteCount == 0 { queue.monitor.wakeAll() }
      }
    }
  }
}
