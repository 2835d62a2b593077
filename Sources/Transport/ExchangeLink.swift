import CSodium
import Collectives
import Messages
import Synchronization
import Tensors

/// A worker's connection to the other workers of one generation.
package final class ExchangeLink: PeerLink {
  package let peers: [Peer]
  package let generation: Generation
  private let endpoint: ExchangeEndpoint
  private let job: JobID
  private let members: [ExchangeMember]
  private let index: Int
  /// To each member.
  private let routes: [ExchangeRoute]
  private let inbox: ExchangeInbox
  /// The state that the present step begins with.
  private let expected = Mutex((serial: UInt64(0), state: UInt64(0)))

  init(
    endpoint: ExchangeEndpoint, job: JobID, generation: Generation, members: [ExchangeMember],
    index: Int, routes: [ExchangeRoute], inbox: ExchangeInbox
  ) {
    (self.endpoint, self.job, self.generation) = (endpoint, job, generation)
    (self.members, self.index, self.routes, self.inbox) = (members, index, routes, inbox)
    peers = members.enumerated().filter { $0.offset != index }
      .map { Peer(index: $0.offset, replicas: $0.element.replicas) }
      .sorted { $0.replicas.lowerBound < $1.replicas.lowerBound }
  }

  package func swap(
    _ call: CallIdentifier, outgoing: [Int: PeerPayload], awaiting sources: [Int]
  ) throws -> [Int: PeerPayload] {
    try inbox.check()
    inbox.drop(before: call.serial)
    let state = state(of: call)
    for peer in outgoing.keys.sorted() {
      if let payload = outgoing[peer] { try send(call, payload, to: peer) }
    }
    let payloads = try inbox.take(
      call, from: sources.map { members[$0].incarnation.number }, state: state)
    return Dictionary(uniqueKeysWithValues: zip(sources, payloads))
  }

  /// Rises with every piece that came from a member.
  package var received: UInt64 { inbox.pieceCount }

  /// The members that have not delivered what is awaited here now, by index.
  package var awaited: [Int] {
    let missing = inbox.missing
    return missing.isEmpty
      ? [] : members.indices.filter { missing.contains(members[$0].incarnation.number) }
  }

  package func end() { inbox.end() }

  package func expect(serial: UInt64, state: UInt64) {
    expected.withLock { $0 = (serial, state) }
  }

  /// What frames of a call carry: nothing outside the present step.
  private func state(of call: CallIdentifier) -> UInt64 {
    expected.withLock { $0.serial == call.serial ? $0.state : 0 }
  }

  /// Waits until messages to this member find it; only then may it say that it is ready. The relay
  /// drops what is sent to a worker it has not met, so a greeting to oneself goes through it first.
  ///
  /// - Throws: `ExchangeError.generationEnded`.
  package func waitUntilReachable() throws {
    guard let hub = routes.first(where: { if case .hub = $0 { true } else { false } }) else {
      return
    }
    try send(Self.greeting, PeerPayload(head: []), to: index, by: hub)
    _ = try inbox.take(Self.greeting, from: [endpoint.incarnation.number])
  }

  private static let greeting = CallIdentifier(
    serial: .max, isBackground: false, number: .max, phase: .max)

  private func send(
    _ call: CallIdentifier, _ payload: PeerPayload, to peer: Int, by route: ExchangeRoute? = nil
  ) throws {
    var frame = ExchangeFrame(
      job: job.number, generation: generation.number, sender: endpoint.incarnation.number,
      receiver: members[peer].incarnation.number, call: call, replicas: members[index].replicas,
      offset: 0, length: 0, total: payload.bodyRange.count, head: payload.head)
    frame.state = state(of: call)
    guard
      endpoint.mailbox.put(
        .send(frame, payload, to: members[peer].address, route ?? routes[peer]))
    else { throw ExchangeError.generationEnded }
  }

  /// Sends a copy of job state to a member that lacks it. Does not wait.
  ///
  /// `number`: Counts the transfers of this generation between the two.
  package func sendState(_ bytes: Storage, to peer: Int, number: UInt32 = 0) throws {
    try inbox.check()
    try send(
      Self.transfer(number), PeerPayload(head: Self.digest(bytes), body: bytes), to: peer)
  }

  /// Waits for the state that member `peer` sends.
  ///
  /// - Throws: `ExchangeError.generationEnded`; `.aborted` when its bytes are not those announced.
  package func receiveState(from peer: Int, number: UInt32 = 0) throws -> Storage {
    let payload = try inbox.take(
      Self.transfer(number), from: [members[peer].incarnation.number]
    ).first
    let bytes = payload?.body ?? Storage(byteCount: 0)
    guard Self.digest(bytes) == payload?.head else {
      throw ExchangeError.aborted(
        replica: members[peer].replicas.lowerBound,
        reason: "the state it sent (\(bytes.byteCount) bytes) does not have the digest announced")
    }
    return bytes
  }

  /// Transfers stand beside all steps: no step's clean-up drops them.
  private static func transfer(_ number: UInt32) -> CallIdentifier {
    CallIdentifier(serial: .max, isBackground: true, number: number, phase: .max)
  }

  /// BLAKE2b-256.
  private static func digest(_ bytes: Storage) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    crypto_generichash(
      &digest, digest.count, bytes.pointer.assumingMemoryBound(to: UInt8.self),
      UInt64(bytes.byteCount), nil, 0)
    return digest
  }
}
