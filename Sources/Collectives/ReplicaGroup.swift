import Tensors

/// The replicas that one worker hosts, and their collectives with each other and with the replicas
/// of other workers.
///
/// Replicas meet in *calls*, numbered per step. The last hosted replica to arrive performs the call
/// for the worker: it swaps with the peers and publishes the result. Whoever waits gives up its
/// compute permit. A step that has failed stays failed, for all replicas alike, until `begin`.
package final class ReplicaGroup: Sendable {
  package let replicas: Int
  package let hosted: Range<Int>
  package let permits: ComputePermits
  /// What these replicas do, for whoever watches over the worker.
  package let activity = Activity()
  let link: (any PeerLink)?
  let tree: CanonicalTree
  let reducer = Reducer()
  let monitor = Monitor()
  nonisolated(unsafe) var state: State  // guarded by monitor

  /// What the monitor guards.
  struct State {
    var serial: UInt64 = 0
    var failure: ExchangeError?
    var numbers: [UInt32]  // next call of each hosted replica
    var sums: [UInt32]  // next background sum of each hosted replica
    var finished: [Bool]
    var calls: [UInt32: Call] = [:]
    var backgroundCalls: [UInt32: BackgroundCall] = [:]
    /// How far each sequence was sent: foreground, background.
    var sent: (Position, Position) = (Position(), Position())
    var active = 0  // calls being performed
  }

  /// The first message of a sequence that has not been sent, if its call has that phase at all.
  struct Position {
    var number: UInt32 = 0
    var phase: UInt8 = 0
  }

  /// `hosted`: The replicas of this worker.
  ///
  /// `link`: How to reach the other workers; `nil` where all replicas are hosted here.
  package init(
    replicas: Int, hosted: Range<Int>, permits: ComputePermits, link: (any PeerLink)?
  ) {
    precondition(
      replicas >= 1 && !hosted.isEmpty && hosted.lowerBound >= 0 && hosted.upperBound <= replicas,
      "ReplicaGroup: hosts \(hosted) of \(replicas)")
    let others = (link?.peers ?? []).map(\.replicas)
    let all = ([hosted] + others).sorted { $0.lowerBound < $1.lowerBound }
    precondition(
      all.first?.lowerBound == 0 && all.last?.upperBound == replicas
        && zip(all, all.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound },
      "ReplicaGroup: \(all) do not cover \(replicas) replicas")
    self.replicas = replicas
    self.hosted = hosted
    self.permits = permits
    self.link = others.isEmpty ? nil : link
    tree = CanonicalTree(leaves: replicas)
    state = Self.fresh(hosted.count)
  }

  private static func fresh(_ count: Int) -> State {
    State(
      numbers: Array(repeating: 0, count: count), sums: Array(repeating: 0, count: count),
      finished: Array(repeating: false, count: count))
  }

  /// The number of the last collective that a hosted replica has entered, from 1; 0 before.
  package var collective: UInt64 { monitor.withLock { UInt64(state.numbers.max() ?? 0) } }

  /// What hosted replica `replica` sees of the others.
  package func exchange(for replica: Int) -> any Exchange {
    precondition(hosted.contains(replica), "exchange(for: \(replica)): hosts \(hosted)")
    return ReplicaExchange(group: self, replica: replica)
  }

  /// Starts a step or pass. All replica threads of the last one must have returned.
  ///
  /// `serial`: Counts steps and passes of the job; rises within a generation.
  ///
  /// `state`: Tells the state that the step begins with from any other; 0 if nobody is to compare it.
  package func begin(serial: UInt64, state stamp: UInt64 = 0) {
    link?.expect(serial: serial, state: stamp)
    monitor.withLock {
      while state.active > 0 { monitor.wait() }
      let ended = state.failure == .generationEnded
      state = Self.fresh(hosted.count)
      state.serial = serial
      if ended { state.failure = .generationEnded }
    }
  }

  /// A replica's step is complete: waits until all are, so that one which left too early is noticed.
  package func finish(replica: Int) throws {
    let posted = try monitor.withLock { () throws -> UInt32 in
      if let failure = state.failure { throw failure }
      state.finished[replica - hosted.lowerBound] = true
      return state.sums[replica - hosted.lowerBound]
    }
    try checkBackground()
    let signature = CallSignature(kind: .endOfStep, shape: [Int(posted)])
    _ = try collect(replica, signature, .nothing)
  }

  /// A replica has failed: all others, on all workers, get `ExchangeError.aborted`.
  package func abort(replica: Int, reason: String) {
    fail(.aborted(replica: replica, reason: reason))
  }

  /// The membership changed: every waiting and every later call throws `.generationEnded`.
  package func endGeneration() {
    monitor.withLock {
      state.failure = .generationEnded
      monitor.wakeAll()
    }
    link?.end()
  }

  /// Runs one step: `body` on a thread per hosted replica, then `finish`; what one replica throws
  /// ends the step for all.
  ///
  /// - Returns: What each hosted replica returned or threw, in replica order.
  package func run<R: Sendable>(
    serial: UInt64, state: UInt64 = 0, _ body: @escaping @Sendable (any Exchange) throws -> R
  ) -> [Result<R, any Error>] {
    begin(serial: serial, state: state)
    return ReplicaThreads.run(hosted, permits: permits) { replica in
      do {
        let result = try body(self.exchange(for: replica))
        self.activity.rise()
        try self.finish(replica: replica)
        return result
      } catch let error as ExchangeError {
        self.fail(error)
        throw error
      } catch {
        self.abort(replica: replica, reason: "\(error)")
        throw error
      }
    }
  }

  /// Marks the step as failed, wakes all who wait, and tells the peers; the first failure counts.
  func fail(_ error: ExchangeError) {
    let first = monitor.withLock { () -> Bool in
      guard state.failure == nil else { return false }
      state.failure = error
      monitor.wakeAll()
      return true
    }
    if first { sendAbort(error) }
  }

  /// A peer that waits for this worker waits for the first message not sent in one of the two
  /// sequences: the next phase of the last call, or the next call.
  private func sendAbort(_ error: ExchangeError) {
    guard let link, error != .generationEnded else { return }
    let (serial, sent) = monitor.withLock { (state.serial, state.sent) }
    let payload = PeerPayload(head: ExchangeHead.abort(error).encoded())
    let outgoing = Dictionary(uniqueKeysWithValues: link.peers.map { ($0.index, payload) })
    for (position, isBackground) in [(sent.0, false), (sent.1, true)] {
      var places = [(position.number, position.phase)]
      if position.phase > 0 { places.append((position.number + 1, 0)) }
      for (number, phase) in places {
        let call = CallIdentifier(
          serial: serial, isBackground: isBackground, number: number, phase: phase)
        do {
          _ = try link.swap(call, outgoing: outgoing, awaiting: [])
        } catch {
          return  // the generation has ended, which tells the peers more than this would
        }
      }
    }
  }
}
