import Foundation
import Messages
import Synchronization
import Testing
import Transport

/// A key that the coordinator knows, with its secret half.
private struct Holder {
  let pair: KeyPair
  var record: KeyRecord

  init(
    _ name: String, _ roles: Set<KeyRole>, expiresAt: Int64? = nil, revokedAt: Int64? = nil
  ) throws {
    pair = try .generate()
    record = KeyRecord(
      name: name, publicKey: pair.publicKey, roles: roles, createdAt: 1, expiresAt: expiresAt)
    record.revokedAt = revokedAt
  }

  func security(of cluster: Cluster) -> ClientSecurity {
    .curve(own: pair, serverKey: cluster.keys.coordinator.publicKey)
  }
}

@Suite struct AdmissionTests {
  @Test func `a connection without a valid key is not made`() throws {
    let stranger = try Holder("stranger", [.operator])
    let revoked = try Holder("gone", [.operator], revokedAt: 2)
    let expired = try Holder("late", [.operator], expiresAt: 2)
    let cluster = try Cluster(known: [revoked.record, expired.record])
    defer { cluster.stop() }
    for (holder, word) in [(stranger, "unknown"), (revoked, "revoked"), (expired, "expired")] {
      let client = try OperatorClient(
        address: cluster.server.address, in: ZeroMQContext(),
        security: holder.security(of: cluster))
      let error = #expect(throws: TransportError.self) {
        try client.ask(.status, deadline: .seconds(20))
      }
      guard case .notAdmitted = error else {
        Issue.record("\(word): \(String(describing: error))")
        continue
      }
      let event = cluster.denied.first { $0.event.contains(word) ? $0.event : nil }
      #expect(event?.contains(fingerprint(holder.pair.publicKey)) == true, "\(word)")
    }
  }

  @Test func `a key is refused what its roles do not have, with the words to help`() throws {
    let viewer = try Holder("viewer", [.viewer])
    let worker = try Holder("worker", [.worker])
    let cluster = try Cluster(known: [viewer.record, worker.record])
    defer { cluster.stop() }
    // A viewer's key cannot speak as a worker ...
    let heard = Heard<ControlClientEvent>()
    let claimant = try ControlClient(
      address: cluster.server.address, in: ZeroMQContext(),
      security: viewer.security(of: cluster),
      as: ControlPeer(role: .worker, incarnation: freshIncarnation())
    ) { heard.add($0) }
    defer { claimant.stop() }
    claimant.send(WorkerMessage.leave(Leave(reason: "")))
    let told = heard.first { event -> Refused? in
      guard case .message(let envelope) = event,
        case .refused(let refused)? = try? envelope.message(CoordinatorMessage.self)
      else { return nil }
      return refused
    }
    #expect(told?.field == Failure.keyField)
    #expect(told?.reason.contains("token create --role worker") == true, "\(told as Any)")
    // ... nor a worker's key ask an operator's questions.
    let client = try OperatorClient(
      address: cluster.server.address, in: ZeroMQContext(),
      security: worker.security(of: cluster))
    guard case .failure(let failure) = try client.ask(.status, deadline: .seconds(20)) else {
      Issue.record("answered")
      return
    }
    #expect(failure.reason.contains("'worker'"))
    #expect(failure.field == Failure.keyField)
    for name in ["viewer", "worker"] {
      let refusal = cluster.heard.first { event -> Admission.Refusal? in
        guard case .refused(_, let refusal) = event, refusal.event.contains("'\(name)'")
        else { return nil }
        return refusal
      }
      #expect(refusal?.isOver == false)
    }
  }

  @Test func `a viewer looks and does nothing else`() throws {
    let viewer = try Holder("viewer", [.viewer])
    let boss = try Holder("boss", [.operator])
    let admission = Admission([viewer.record, boss.record])
    let requests: [(OperatorRequest, isLook: Bool)] = [
      (.status, true), (.show(JobID(1)), true), (.logs(LogsRequest(job: JobID(1))), true),
      (.files(JobID(1)), true), (.events(EventsRequest()), true),
      (.submit(Submit(specification: "", name: "")), false),
      (.cancel(CancelRequest(job: JobID(1), reason: "")), false), (.keys, false),
      (.revoke("boss"), false),
      (.issue(TokenRequest(name: "a", roles: [.operator], seconds: nil, publicKey: [])), false),
    ]
    for (number, holder) in [viewer, boss].enumerated() {
      let asker = Incarnation(UInt64(number + 1))
      try admission.check(keyText(holder.pair.publicKey), as: .operator, asker, binds: true)
      for (request, isLook) in requests {
        let isAllowed = (try? admission.check(request, from: asker)) != nil
        #expect(isAllowed == (isLook || holder.record.name == "boss"), "\(request)")
      }
    }
    // Operating is not training.
    #expect(throws: Admission.Refusal.self) {
      try admission.check(keyText(boss.pair.publicKey), as: .worker, Incarnation(9))
    }
  }

  @Test func `revoking and expiring count from the next message on`() throws {
    let now = Mutex<Int64>(10)
    var holder = try Holder("box", [.worker], expiresAt: 20)
    let admission = Admission([holder.record]) { now.withLock { $0 } }
    let (user, me) = (keyText(holder.pair.publicKey), Incarnation(1))
    func refusal() -> Admission.Refusal? {
      do throws(Admission.Refusal) {
        try admission.check(user, as: .worker, me, binds: true)
        return nil
      } catch { return error }
    }
    #expect(refusal() == nil)
    #expect(admission.keys.first?.lastSeenAt == 10)
    now.withLock { $0 = 20 }
    #expect(refusal()?.isOver == true)
    #expect(refusal()?.reason.contains("expired") == true)
    now.withLock { $0 = 19 }
    #expect(refusal() == nil)
    holder.record.revokedAt = 19
    admission.know(holder.record)
    #expect(refusal()?.isOver == true)
    #expect(refusal()?.reason.contains("revoked") == true)
    #expect(throws: Admission.Refusal.self) {
      try admission.check(publicKey: holder.pair.publicKey, from: "here")
    }
    #expect(throws: Admission.Refusal.self) { try admission.check(nil, as: .worker, me) }
  }

  @Test func `nobody speaks in the name of a process with another key`() throws {
    let other = try Holder("other", [.worker])
    let cluster = try Cluster(known: [other.record])
    defer { cluster.stop() }
    let heard = Heard<ControlClientEvent>()
    let me = ControlPeer(role: .worker, incarnation: Incarnation(77))
    let client = try ControlClient(
      address: cluster.server.address, in: ZeroMQContext(), security: cluster.keys.clientSecurity,
      as: me
    ) { heard.add($0) }
    defer { client.stop() }
    client.send(WorkerMessage.leave(Leave(reason: "mine")))
    func message(saying reason: String) -> ControlPeer? {
      cluster.heard.first { event -> ControlPeer? in
        guard case .message(let peer, let envelope) = event,
          (try? envelope.message(WorkerMessage.self)) == .leave(Leave(reason: reason))
        else { return nil }
        return peer
      }
    }
    #expect(message(saying: "mine") == me)
    // The identity that a ROUTER would hand over, and the incarnation in the envelope.
    let impostor = try ZeroMQSocket(.dealer, in: ZeroMQContext())
    try impostor.secure(other.security(of: cluster))
    impostor.set(5, [2, 77, 0, 0, 0, 0, 0, 0, 0])  // ZMQ_ROUTING_ID
    try impostor.connect(cluster.server.address)
    _ = impostor.send([
      Envelope.encode(
        WorkerMessage.leave(Leave(reason: "not mine")), from: .worker, incarnation: me.incarnation)
    ])
    let refusal = cluster.heard.first { event -> Admission.Refusal? in
      guard case .refused(_, let refusal) = event else { return nil }
      return refusal
    }
    #expect(refusal?.event.contains("'other'") == true)
    // Its owner is not put out for it, and still is who hears the answers.
    #expect(refusal?.isOver == false)
    cluster.server.send(CoordinatorMessage.rejoin(Rejoin(reason: "for you")), to: me)
    let answer = heard.first { event -> CoordinatorMessage? in
      guard case .message(let envelope) = event else { return nil }
      return try? envelope.message(CoordinatorMessage.self)
    }
    #expect(answer == .rejoin(Rejoin(reason: "for you")))
    client.send(WorkerMessage.leave(Leave(reason: "still mine")))
    #expect(message(saying: "still mine") == me)
  }

  @Test func `the relay carries nothing for a key that is no longer valid`() throws {
    var box = try Holder("box", [.worker])
    let cluster = try Cluster(known: [box.record])
    defer { cluster.stop() }
    let refusals = Heard<Admission.Refusal>()
    let relay = try ExchangeRelay(
      address: "tcp://127.0.0.1:0", in: cluster.context, security: cluster.keys.serverSecurity,
      admission: cluster.admission
    ) { refusals.add($0) }
    defer { relay.stop() }
    func dealer(_ security: ClientSecurity, _ number: UInt64) throws -> ZeroMQSocket {
      let dealer = try ZeroMQSocket(.dealer, in: ZeroMQContext())
      try dealer.secure(security)
      dealer.set(5, ExchangeRelay.freshRoute(of: Incarnation(number)))  // ZMQ_ROUTING_ID
      try dealer.connect(relay.address)
      return dealer
    }
    func hear(_ socket: ZeroMQSocket) throws -> [[UInt8]] {
      var poller = Poller()
      poller.add(socket)
      poller.wait(milliseconds: 20_000)
      return try #require(socket.receive()?.frames)
    }
    let mine = try dealer(cluster.keys.clientSecurity, 1)
    let theirs = try dealer(box.security(of: cluster), 2)
    let (me, them) = (
      ExchangeRelay.identity(of: Incarnation(1)), ExchangeRelay.identity(of: Incarnation(2))
    )
    for (socket, own) in [(mine, me), (theirs, them)] {
      _ = socket.send([own, [1], [2]])
      #expect(try hear(socket) == [own, [1], [2]])
    }
    _ = theirs.send([me, [3], [4]])
    #expect(try hear(mine) == [them, [3], [4]])
    box.record.revokedAt = 1
    cluster.admission.know(box.record)
    _ = theirs.send([me, [5], [6]])
    #expect(refusals.first { $0.reason }?.contains("revoked") == true)
    // What comes next is one's own: neither the revoked one's frame nor anything for it passed.
    _ = mine.send([them, [7], [8]])
    _ = mine.send([me, [9], [9]])
    #expect(try hear(mine) == [me, [9], [9]])
    #expect(theirs.receive()?.frames == nil)
  }
}
