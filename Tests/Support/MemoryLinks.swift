import Collectives
import Tensors

/// Workers of one process that swap bytes through memory: a `PeerLink` without a network.
public final class MemoryNetwork: Sendable {
  private let monitor = Monitor()
  private nonisolated(unsafe) var inbox: [Key: PeerPayload] = [:]  // guarded by monitor, as below
  private nonisolated(unsafe) var hasEnded = false
  /// What each worker's present step begins with.
  private nonisolated(unsafe) var states: [Int: (serial: UInt64, state: UInt64)] = [:]

  private struct Key: Hashable {
    let call: CallIdentifier
    let from: Int
    let to: Int
  }

  public init() {}

  /// One link per worker, for workers that host the ranges between `borders`.
  package func links(_ ranges: [Range<Int>]) -> [any PeerLink] {
    ranges.indices.map { Link(network: self, index: $0, ranges: ranges) }
  }

  private final class Link: PeerLink {
    let network: MemoryNetwork
    let index: Int
    let peers: [Peer]

    init(network: MemoryNetwork, index: Int, ranges: [Range<Int>]) {
      self.network = network
      self.index = index
      peers = ranges.enumerated().filter { $0.offset != index }
        .map { Peer(index: $0.offset, replicas: $0.element) }
    }

    func swap(
      _ call: CallIdentifier, outgoing: [Int: PeerPayload], awaiting sources: [Int]
    ) throws -> [Int: PeerPayload] {
      try network.monitor.withLock {
        if network.hasEnded { throw ExchangeError.generationEnded }
        for (peer, payload) in outgoing {
          let key = Key(call: call, from: index, to: peer)
          if network.inbox[key] == nil { network.inbox[key] = payload }
        }
        network.inbox = network.inbox.filter {
          $0.key.to != index || $0.key.call.serial >= call.serial
        }
        network.monitor.wakeAll()
        var result: [Int: PeerPayload] = [:]
        for source in sources {
          let key = Key(call: call, from: source, to: index)
          while network.inbox[key] == nil, !network.hasEnded { network.monitor.wait() }
          guard let payload = network.inbox.removeValue(forKey: key) else {
            throw ExchangeError.generationEnded
          }
          if let mine = network.states[index], let theirs = network.states[source],
            mine.serial == theirs.serial, mine.state != theirs.state
          {
            let replicas = peers.first { $0.index == source }?.replicas
            throw ExchangeError.stateDiffers(replica: replicas?.lowerBound ?? 0)
          }
          result[source] = payload
        }
        return result
      }
    }

    func expect(serial: UInt64, state: UInt64) {
      network.monitor.withLock { network.states[index] = (serial, state) }
    }

    func end() {
      network.monitor.withLock {
        network.hasEnded = true
        network.monitor.wakeAll()
      }
    }
  }
}

/// The replicas of a job, spread over workers of this process.
public struct TestCluster: Sendable {
  package let groups: [ReplicaGroup]

  /// `borders`: Where one worker's replicas end and the next one's begin; none for one worker.
  ///
  /// `permits`: How many replicas of a worker compute at once.
  public init(replicas: Int, borders: [Int] = [], permits: Int = 2) {
    let ranges = Self.ranges(replicas, borders)
    let links = ranges.count == 1 ? [] : MemoryNetwork().links(ranges)
    self.init(replicas: replicas, ranges: ranges, links: links, permits: permits)
  }

  package init(replicas: Int, ranges: [Range<Int>], links: [any PeerLink], permits: Int = 2) {
    groups = ranges.enumerated().map { index, range in
      ReplicaGroup(
        replicas: replicas, hosted: range, permits: ComputePermits(count: permits),
        link: links.isEmpty ? nil : links[index])
    }
  }

  package static func ranges(_ replicas: Int, _ borders: [Int]) -> [Range<Int>] {
    let all = [0] + borders + [replicas]
    return zip(all, all.dropFirst()).map { $0..<$1 }
  }

  /// Runs one step on all replicas; what each returned or threw, in replica order.
  public func attempt<R: Sendable>(
    serial: UInt64 = 1, _ body: @escaping @Sendable (any Exchange) throws -> R
  ) -> [Result<R, any Error>] {
    let parts = ReplicaThreads.run(
      0..<groups.count, permits: ComputePermits(count: groups.count)
    ) { worker in groups[worker].run(serial: serial, body) }
    return parts.flatMap { part -> [Result<R, any Error>] in
      switch part {
      case .success(let results): results
      case .failure(let error): [.failure(error)]
      }
    }
  }

  /// Runs one step on all replicas, all of which must succeed.
  public func run<R: Sendable>(
    serial: UInt64 = 1, _ body: @escaping @Sendable (any Exchange) throws -> R
  ) throws -> [R] {
    try attempt(serial: serial, body).map { try $0.get() }
  }
}
