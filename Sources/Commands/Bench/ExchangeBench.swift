import Collectives
import Messages
import Tensors
import Training
import Transport

/// Members of an exchange in this process, each with sockets and a thread of its own, that move
/// payloads by each of the ways workers have.
struct ExchangeBench {
  enum Way: String, CaseIterable, Sendable {
    /// Unix sockets, as within a host.
    case local
    /// TCP, readable on the way.
    case plain
    /// TCP, encrypted by us.
    case sealed
    /// The same where a member has no AES instructions.
    case chaCha = "sealed, ChaCha20"
    /// Sealed, through a coordinator's relay.
    case hub
  }

  enum Kind: String, CaseIterable, Sendable {
    /// One member sends, the other answers with nothing: a link's throughput.
    case send
    /// Every member sends to all others and waits for theirs.
    case swap
    /// The same sum on all members.
    case allReduce = "all-reduce"
  }

  struct Result {
    let kind: Kind
    let way: Way
    let bytes: Int
    /// Of one operation, ascending, one entry a round.
    var seconds: [Double] = []

    var median: Double { seconds.isEmpty ? .nan : seconds[seconds.count / 2] }
  }

  let peers: Int
  let bytes: [Int]
  let rounds: Int

  /// Throws: `TransportError`, `ExchangeError`.
  func run() throws -> [Result] {
    let clusters = try Way.allCases.map { try BenchMembers(peers, $0) }
    defer { for cluster in clusters { cluster.close() } }
    var results: [Result] = []
    for kind in Kind.allCases {
      for count in bytes {
        var ways = Way.allCases.map { Result(kind: kind, way: $0, bytes: count) }
        for round in 0...rounds {
          for index in ways.indices {
            let seconds = try clusters[index].measure(kind, bytes: count)
            // The first round fills pools and connects.
            if round > 0 { ways[index].seconds.append(seconds) }
          }
        }
        for index in ways.indices { ways[index].seconds.sort() }
        results += ways
      }
    }
    return results
  }
}

/// The members of one way's exchange.
private final class BenchMembers: Sendable {
  private let endpoints: [ExchangeEndpoint]
  private let links: [ExchangeLink]
  private let groups: [ReplicaGroup]
  private nonisolated(unsafe) var serial: UInt64 = 0
  private let keyGuard: KeyGuard?
  private let relay: ExchangeRelay?

  init(_ count: Int, _ way: ExchangeBench.Way) throws {
    let context = try ZeroMQContext()
    let (server, client) = (try KeyPair.generate(), try KeyPair.generate())
    let admission = Admission([
      KeyRecord(name: "bench", publicKey: client.publicKey, roles: [.worker], createdAt: 0)
    ])
    keyGuard = way == .hub ? try KeyGuard(in: context, asking: admission) { _ in } : nil
    relay =
      way == .hub
      ? try ExchangeRelay(address: "tcp://127.0.0.1:*", in: context, security: .curve(server)) : nil
    let route: ExchangeRoute =
      if let relay {
        .hub(
          address: relay.address, security: .curve(own: client, serverKey: server.publicKey))
      } else if way == .local { .direct } else { .network }
    let key = [UInt8](repeating: 1, count: 32)
    let protection: ExchangeProtection =
      switch way {
      case .local, .plain: .plain
      case .sealed, .hub: .sealed(ExchangeCipher(haveAES: ExchangeCipher.hasAES), key: key)
      case .chaCha: .sealed(.chaCha20Poly1305, key: key)
      }
    let endpoints = try (0..<count).map { _ in
      try ExchangeEndpoint(
        context: context, incarnation: freshIncarnation(), listen: "tcp://127.0.0.1:*",
        host: "here", admission: nil)
    }
    let members = endpoints.enumerated().map { index, endpoint in
      ExchangeMember(
        incarnation: endpoint.incarnation, replicas: index..<index + 1, address: endpoint.address)
    }
    let links = endpoints.enumerated().map { index, endpoint in
      endpoint.open(
        job: JobID(1), generation: Generation(1), members: members, index: index,
        route: route, protection: protection)
    }
    for link in links { try link.waitUntilReachable() }
    groups = links.enumerated().map { index, link in
      ReplicaGroup(
        replicas: count, hosted: index..<index + 1, permits: ComputePermits(count: 1), link: link)
    }
    (self.endpoints, self.links) = (endpoints, links)
  }

  func close() {
    for endpoint in endpoints { endpoint.close() }
    relay?.stop()
    keyGuard?.stop()
  }

  /// Seconds an operation took, on average over enough of them to fill a measurement.
  func measure(_ kind: ExchangeBench.Kind, bytes: Int) throws -> Double {
    let count = max(2, min(300, (64 << 20) / bytes))
    serial += 1
    let serial = serial
    let start = MonotonicClock.seconds
    let outcomes = ReplicaThreads.run(
      0..<links.count, permits: ComputePermits(count: links.count)
    ) { [self] member in
      let payload = Tensor(repeating: 1, shape: [bytes / 4])
      switch kind {
      case .send, .swap:
        for number in 0..<count {
          try move(
            kind, payload,
            CallIdentifier(
              serial: serial, isBackground: false, number: UInt32(number), phase: 0), member)
        }
      case .allReduce:
        for outcome in groups[member].run(
          serial: serial,
          { exchange in
            for _ in 0..<count { _ = try exchange.sumValues(payload) }
          })
        { try outcome.get() }
      }
    }
    let seconds = MonotonicClock.seconds - start
    for outcome in outcomes { try outcome.get() }
    return seconds / Double(count)
  }

  private func move(
    _ kind: ExchangeBench.Kind, _ payload: Tensor, _ call: CallIdentifier, _ member: Int
  ) throws {
    let all = links[member].peers.map(\.index)
    let full = PeerPayload(head: [], body: payload.storage)
    if kind == .swap {
      let outgoing = Dictionary(uniqueKeysWithValues: all.map { ($0, full) })
      _ = try links[member].swap(call, outgoing: outgoing, awaiting: all)
      return
    }
    var answer = call
    answer.phase = 1
    switch member {
    case 0:
      _ = try links[0].swap(call, outgoing: [1: full], awaiting: [])
      _ = try links[0].swap(answer, outgoing: [:], awaiting: [1])
    case 1:
      _ = try links[1].swap(call, outgoing: [:], awaiting: [0])
      _ = try links[1].swap(answer, outgoing: [0: PeerPayload(head: [])], awaiting: [])
    default: break
    }
  }
}
