import Tensors

/// Loads the items of coming steps on threads of its own and hands them out in step order.
///
/// At most `depth` items are loaded or being loaded ahead of the consumer; each time it has to wait
/// for one, that is one more, up to `depthMax`: loading that is fast enough on average but not always
/// is then far enough ahead, and memory is bounded whatever the speeds. One thread calls `next`;
/// `stop` may come from any. Items depend on their step alone, never on which thread made them or
/// when.
public final class Prefetcher<Item: Sendable>: @unchecked Sendable {
  // Everything below is guarded by the monitor, except `threads`, which only init and stop touch.
  private let monitor = Monitor()
  private let depthMax: Int
  private let firstStep: Int
  private let end: Int
  private let load: @Sendable (Int) throws -> Item
  private var ready: [Int: Result<Item, any Error>] = [:]
  private var nextToLoad: Int
  private var nextToDeliver: Int
  private var stopped = false
  private var waited = Duration.zero
  private var depth: Int
  private var threads: [SystemThread] = []

  /// Starts loading.
  ///
  /// - Parameters:
  ///   - steps: The steps to load, in order; `0..<Int.max` for no end.
  ///   - depth: Items that may be ahead of the consumer at first, at least 1.
  ///   - depthMax: Most items that ever may be; `depth` if nil.
  ///   - threads: Loading threads, at least 1.
  ///   - load: Called once a step, from several threads at once.
  public init(
    steps: Range<Int>, depth: Int = 2, depthMax: Int? = nil, threads: Int = 1,
    load: @escaping @Sendable (Int) throws -> Item
  ) {
    precondition(
      depth >= 1 && threads >= 1, "Prefetcher: depth \(depth), threads \(threads); both at least 1")
    self.depth = depth
    self.depthMax = max(depth, depthMax ?? depth)
    self.load = load
    firstStep = steps.lowerBound
    end = steps.upperBound
    nextToLoad = steps.lowerBound
    nextToDeliver = steps.lowerBound
    for _ in 0..<threads {
      do { self.threads.append(try SystemThread(name: "loader") { [self] in work() }) } catch {
        fatalError("Prefetcher: no thread: \(error)")
      }
    }
  }

  /// The next step's item, waiting for it; nil after the last step, or once stopped.
  ///
  /// Throws: what `load` threw for this step. Later steps can still be taken.
  public func next() throws -> Item? {
    let clock = ContinuousClock()
    let start = clock.now
    let result: Result<Item, any Error>? = monitor.withLock {
      // The first ones are late in any case.
      if ready[nextToDeliver] == nil, nextToDeliver >= firstStep + depth, depth < depthMax {
        depth += 1
        monitor.wakeAll()
      }
      while !stopped && nextToDeliver < end && ready[nextToDeliver] == nil { monitor.wait() }
      waited += clock.now - start
      guard !stopped, let result = ready.removeValue(forKey: nextToDeliver) else { return nil }
      nextToDeliver += 1
      monitor.wakeAll()
      return result
    }
    return try result?.get()
  }

  /// How long `next` has waited for loading, in all.
  public var timeWaited: Duration { monitor.withLock { waited } }

  /// Items loaded and not yet taken.
  public var readyCount: Int { monitor.withLock { ready.count } }

  /// Ends loading, drops what is ready and joins the threads; a load in progress is waited for.
  ///
  /// Must be called before the last reference goes: the threads hold one.
  public func stop() {
    let toJoin = monitor.withLock {
      stopped = true
      ready = [:]
      monitor.wakeAll()
      defer { threads = [] }
      return threads
    }
    for thread in toJoin { thread.join() }
  }

  private func work() {
    while let step = claim() {
      let result = Result { try load(step) }
      monitor.withLock {
        if !stopped { ready[step] = result }
        monitor.wakeAll()
      }
    }
  }

  private func claim() -> Int? {
    monitor.withLock {
      while !stopped && nextToLoad < end && nextToLoad - nextToDeliver >= depth { monitor.wait() }
      guard !stopped && nextToLoad < end else { return nil }
      defer { nextToLoad += 1 }
      return nextToLoad
    }
  }
}
