import Messages
import Tensors

/// Threads of the bulk plane that read data sets for workers: a slow disk delays no other message.
final class BlockReaders: Sendable {
  struct Task: Sendable {
    let identity: [UInt8]
    let request: ReadBlocks
  }

  struct Reply: Sendable {
    let identity: [UInt8]
    let transfer: TransferID
    let result: Result<BlockBytes, Failure>

    var byteCount: Int { (try? result.get().byteCount) ?? 0 }
  }

  private final class Shared: @unchecked Sendable {
    let monitor = Monitor()
    // Guarded by the monitor:
    var tasks: [Task] = []
    var firstTask = 0
    /// Read and not yet given to a connection.
    var heldBytes = 0
    var isStopping = false
  }

  private let shared = Shared()
  private let threads: [OwnedThread]

  static let count = 2
  /// Requests that wait; a client asks for no more than `BlockClient.messagesMax` at once.
  static let tasksMax = 4_096
  static let heldBytesMax = 64 << 20

  /// `replies`: Gets each answer; whoever takes one from it calls `release`.
  init(_ store: some BulkStore, replies: Mailbox<Reply>) throws(TransportError) {
    var threads: [OwnedThread] = []
    for _ in 0..<Self.count {
      threads.append(
        try OwnedThread(name: "data") { [shared] in
          while let task = Self.next(shared) {
            let result: Result<BlockBytes, Failure>
            do throws(Failure) {
              result = .success(try store.read(task.request))
            } catch { result = .failure(error) }
            let reply = Reply(
              identity: task.identity, transfer: task.request.transfer, result: result)
            shared.monitor.withLock { shared.heldBytes += reply.byteCount }
            replies.put(reply)
          }
        })
    }
    self.threads = threads
  }

  private static func next(_ shared: Shared) -> Task? {
    shared.monitor.withLock {
      while !shared.isStopping,
        shared.firstTask == shared.tasks.count || shared.heldBytes >= heldBytesMax
      {
        shared.monitor.wait()
      }
      guard !shared.isStopping else { return nil }
      let task = shared.tasks[shared.firstTask]
      shared.firstTask += 1
      if shared.firstTask == shared.tasks.count {
        shared.tasks.removeAll(keepingCapacity: true)
        shared.firstTask = 0
      }
      return task
    }
  }

  /// False when too many wait already.
  func add(_ task: Task) -> Bool {
    shared.monitor.withLock {
      guard shared.tasks.count < Self.tasksMax else { return false }
      shared.tasks.append(task)
      shared.monitor.wakeAll()
      return true
    }
  }

  /// A reply is on its way, or dropped.
  func release(_ reply: Reply) {
    shared.monitor.withLock {
      shared.heldBytes -= reply.byteCount
      shared.monitor.wakeAll()
    }
  }

  func stop() {
    shared.monitor.withLock {
      shared.isStopping = true
      shared.monitor.wakeAll()
    }
    for thread in threads { thread.join() }
  }
}

/// What was read for one request, where it will be sent from.
package struct BlockBytes: Sendable {
  /// All blocks, one after another.
  let frame: SharedFrame
  let byteCount: Int
  /// XXH3 of each.
  let hashes: [UInt64]

  /// `fill`: Writes the block of a number to its place and returns its hash.
  ///
  /// Throws: what `fill` throws.
  package init(
    byteCounts: [Int], _ fill: (Int, UnsafeMutableRawBufferPointer) throws -> UInt64
  ) rethrows {
    byteCount = byteCounts.reduce(0, +)
    var hashes: [UInt64] = []
    frame = try SharedFrame(byteCount: byteCount) { place in
      var start = 0
      for (number, count) in byteCounts.enumerated() {
        hashes.append(
          try fill(number, UnsafeMutableRawBufferPointer(rebasing: place[start..<start + count])))
        start += count
      }
    }
    self.hashes = hashes
  }
}
