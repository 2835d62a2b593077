import Collectives
import Messages
import TestSupport
import Tensors
import Testing
import Transport

/// Several endpoints of this process, talking through real sockets.
final class Endpoints: Sendable {
  let endpoints: [ExchangeEndpoint]
  let context: ZeroMQContext
  private let relay: ExchangeRelay?
  private let admission: ExchangeGuard?
  let route: ExchangeRoute
  let protection: ExchangeProtection
  let notes = Notes()

  enum Way: String, CaseIterable, Sendable { case local, plain, sealed, chaCha, hub }

  /// What the endpoints said.
  final class Notes: Sendable {
    private let monitor = Monitor()
    private nonisolated(unsafe) var lines: [String] = []

    func add(_ line: String) {
      monitor.withLock {
        lines.append(line)
        monitor.wakeAll()
      }
    }

    /// Waits for the first.
    func first() -> String {
      monitor.withLock {
        while lines.isEmpty { monitor.wait() }
        return lines[0]
      }
    }
  }

  init(_ count: Int, _ way: Way, isGuarded: Bool = true) throws {
    let (context, notes) = (try ZeroMQContext(), notes)
    self.context = context
    let admission = isGuarded ? try ExchangeGuard(in: context) : nil
    self.admission = admission
    endpoints = try (0..<count).map { _ in
      try ExchangeEndpoint(
        context: context, incarnation: freshIncarnation(), listen: "tcp://127.0.0.1:*",
        host: "here", admission: admission, note: { notes.add($0) })
    }
    let key = [UInt8](repeating: 77, count: 32)
    switch way {
    case .local, .plain: protection = .plain
    case .sealed, .hub:
      protection = .sealed(ExchangeCipher(haveAES: ExchangeCipher.hasAES), key: key)
    case .chaCha: protection = .sealed(.chaCha20Poly1305, key: key)
    }
    switch way {
    case .local: (relay, route) = (nil, .direct)
    case .plain, .sealed, .chaCha: (relay, route) = (nil, .network)
    case .hub:
      let relay = try ExchangeRelay(
        address: "tcp://127.0.0.1:*", in: context, security: .insecure)
      (self.relay, route) = (relay, .hub(address: relay.address, security: .insecure))
    }
  }

  func links(_ ranges: [Range<Int>], generation: UInt64 = 1) throws -> [ExchangeLink] {
    let members = zip(endpoints, ranges).map {
      ExchangeMember(incarnation: $0.incarnation, replicas: $1, address: $0.address)
    }
    let links = endpoints.enumerated().map { index, endpoint in
      endpoint.open(
        job: JobID(1), generation: Generation(generation), members: members, index: index,
        route: route, protection: protection)
    }
    for link in links { try link.waitUntilReachable() }
    return links
  }

  deinit {
    for endpoint in endpoints { endpoint.close() }
    relay?.stop()
    admission?.stop()
  }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct ExchangeLinkTests {
  @Test(arguments: Endpoints.Way.allCases)
  func `conforms`(way: Endpoints.Way) throws {
    // A new cluster is the next generation over the same endpoints, as in a worker's life.
    for (replicas, borders) in [(2, [1]), (8, [3]), (5, [1, 2, 4])] {
      let endpoints = try Endpoints(borders.count + 1, way)
      let counter = Counter()
      let conformance = ExchangeConformance(replicas: replicas, borders: borders) {
        replicas, ranges in
        TestCluster(
          replicas: replicas, ranges: ranges,
          links: try endpoints.links(ranges, generation: counter.next()))
      }
      try conformance.checkAll()
    }
  }

  private final class Counter: Sendable {
    private let monitor = Monitor()
    private nonisolated(unsafe) var value: UInt64 = 0

    func next() -> UInt64 {
      monitor.withLock {
        value += 1
        return value
      }
    }
  }

  private func call(_ number: UInt32) -> CallIdentifier {
    CallIdentifier(serial: 1, isBackground: false, number: number, phase: 0)
  }

  @Test func `keeps early frames of the next generation and drops old ones`() throws {
    let endpoints = try Endpoints(2, .local)
    let members = zip(endpoints.endpoints, [0..<1, 1..<2]).map {
      ExchangeMember(incarnation: $0.incarnation, replicas: $1, address: $0.address)
    }
    func open(_ index: Int, _ generation: UInt64) -> ExchangeLink {
      endpoints.endpoints[index].open(
        job: JobID(1), generation: Generation(generation), members: members, index: index,
        route: .direct, protection: .plain)
    }
    let (a1, b1) = (open(0, 1), open(1, 1))
    _ = try a1.swap(call(0), outgoing: [1: PeerPayload(head: [1])], awaiting: [])
    let a2 = open(0, 2)
    _ = try a2.swap(call(0), outgoing: [1: PeerPayload(head: [2])], awaiting: [])
    // What came over the same connection before shows that both have arrived.
    #expect(try b1.swap(call(0), outgoing: [:], awaiting: [0])[0]?.head == [1])
    let b2 = open(1, 2)
    #expect(try b2.swap(call(0), outgoing: [:], awaiting: [0])[0]?.head == [2])
    #expect(throws: ExchangeError.generationEnded) {
      try b1.swap(call(1), outgoing: [:], awaiting: [0])
    }
    #expect(throws: ExchangeError.generationEnded) {
      try a1.swap(call(1), outgoing: [:], awaiting: [1])
    }
  }

  @Test(arguments: Endpoints.Way.allCases)
  func `carries state in pieces`(way: Endpoints.Way) throws {
    let endpoints = try Endpoints(2, way)
    let links = try endpoints.links([0..<1, 1..<2])
    for (number, count) in [0, 1, 3_000_001].enumerated() {
      let state = Tensor.uniform([count], key: RandomKey(seed: 6))
      try links[0].sendState(state.storage, to: 1, number: UInt32(number))
      let copy = try links[1].receiveState(from: 0, number: UInt32(number))
      #expect(copy.byteCount == state.storage.byteCount)
      #expect(
        Tensor(viewing: copy, byteOffset: 0, shape: [count]).elements == state.elements)
    }
  }

  @Test func `refuses headers that are not well-formed`() throws {
    let frame = ExchangeFrame(
      job: 1, generation: 2, sender: 3, receiver: 4, call: call(5), replicas: 0..<2, offset: 0,
      length: 8, total: 8, head: [1, 2, 3])
    let bytes = frame.encoded()
    #expect(bytes.withUnsafeBytes { ExchangeFrame($0) } == frame)
    let key = RandomKey(seed: 12)
    for trial in 0..<20_000 {
      let draw = key.derived(trial)
      var broken = Array(bytes.prefix(draw.integer(0, below: bytes.count + 1)))
      for change in 1...3 where !broken.isEmpty {
        broken[draw.integer(change, below: broken.count)] = UInt8(
          draw.integer(change + 3, below: 256))
      }
      let read = broken.withUnsafeBytes { ExchangeFrame($0) }
      if let read {
        #expect(read.offset + read.length <= read.total && read.head.count <= broken.count)
      }
    }
    #expect([UInt8]().withUnsafeBytes { ExchangeFrame($0) } == nil)
  }
}
