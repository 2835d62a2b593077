import Tensors

/// A thread that runs closures in the order they come, started with the first one; it ends when
/// its owner is released.
final class Reducer: Sendable {
  private final class Queue: Sendable {
    let monitor = Monitor()
    nonisolated(unsafe) var jobs: [@Sendable () -> Void] = []  // guarded by monitor, as below
    nonisolated(unsafe) var isStarted = false
    nonisolated(unsafe) var isOver = false

    func drain() {
      while true {
        let job = monitor.withLock { () -> (@Sendable () -> Void)? in
          while jobs.isEmpty && !isOver { monitor.wait() }
          return jobs.isEmpty ? nil : jobs.removeFirst()
        }
        guard let job else { return }
        job()
      }
    }
  }

  private let queue = Queue()

  /// Runs `job` after those before it. Jobs hold no reference to this object's owner afterwards.
  func run(_ job: @escaping @Sendable () -> Void) {
    let mustStart = queue.monitor.withLock { () -> Bool in
      queue.jobs.append(job)
      queue.monitor.wakeAll()
      defer { queue.isStarted = true }
      return !queue.isStarted
    }
    if mustStart { ComputeThread.detached(name: "reduction") { [queue] in queue.drain() } }
  }

  deinit {
    queue.monitor.withLock {
      queue.isOver = true
      queue.monitor.wakeAll()
    }
  }
}
