import Tensors

/// Puts blocks into the cache on a thread of its own, so that a slow disk delays nobody who reads.
///
/// What the disk cannot keep up with is left out; it comes again when it is wanted again.
final class CacheWriter: Sendable {
  private struct Task {
    let block: FileBlock
    let bytes: [UInt8]
    let hash: UInt64

    /// What it takes while it waits, its administration included.
    var byteCount: Int { bytes.count + 4_096 }
  }

  private final class Queue: @unchecked Sendable {
    let monitor = Monitor()
    // Guarded by the monitor:
    var tasks: [Task] = []
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

  func add(_ block: FileBlock, _ bytes: [UInt8], hash: UInt64) {
    guard hasThread else { return section.write(block, bytes, hash: hash) }
    let task = Task(block: block, bytes: bytes, hash: hash)
    queue.monitor.withLock {
      guard queue.byteCount + task.byteCount <= Self.byteCountMax else { return }
      queue.tasks.append(task)
      queue.byteCount += task.byteCount
      queue.monitor.wakeAll()
    }
  }

  /// Waits until nothing waits any more.
  func finish() {
    queue.monitor.withLock { while queue.byteCount > 0 { queue.monitor.wait() } }
  }

  private static func write(_ queue: Queue, _ section: BlockCache.Section) {
    while true {
      let tasks = queue.monitor.withLock {
        while queue.tasks.isEmpty, !queue.isEnding { queue.monitor.wait() }
        defer { queue.tasks = [] }
        return queue.tasks
      }
      if tasks.isEmpty { return }
      for task in tasks {
        section.write(task.block, task.bytes, hash: task.hash)
        queue.monitor.withLock {
          queue.byteCount -= task.byteCount
          if queue.byteCount == 0 { queue.monitor.wakeAll() }
        }
      }
    }
  }
}
