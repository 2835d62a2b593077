import Foundation
import Messages
import Synchronization
import Testing
import Transport

/// What a handler heard, and a way to wait for it with a deadline.
final class Heard<Event: Sendable>: Sendable {
  private let events = Mutex<[Event]>([])
  func add(_ event: Event) { events.withLock { $0.append(event) } }

  /// The first event that `pick` accepts; nil when 20 s went by without one.
  func first<Value>(_ pick: (Event) -> Value?) -> Value? {
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end {
      if let value = events.withLock({ $0 }).lazy.compactMap(pick).first { return value }
      sched_yield()
    }
    return nil
  }
}

/// A server on a free port with a guard, and what its clients need.
struct Cluster {
  let context: ZeroMQContext
  let keys: ClusterKeys
  let admission: Admission
  let keyGuard: KeyGuard
  let server: ControlServer
  let heard = Heard<ControlServerEvent>()
  let denied = Heard<Admission.Refusal>()
  let folder: String

  /// `known`: Keys that are admitted beside the member's.
  init(insecure: Bool = false, known: [KeyRecord] = []) throws {
    folder = NSTemporaryDirectory() + "martlet-test-\(UUID().uuidString)"
    context = try ZeroMQContext()
    keys = try ClusterKeys(keptIn: folder)
    let all = Admission(
      [
        KeyRecord(
          name: "first", publicKey: keys.member.publicKey, roles: [.operator, .worker],
          createdAt: 0)
      ] + known)
    admission = insecure ? .everybody : all
    let (heard, denied) = (heard, denied)
    keyGuard = try KeyGuard(in: context, asking: all) { denied.add($0) }
    server = try ControlServer(
      address: "tcp://127.0.0.1:0", in: context,
      security: insecure ? .insecure : keys.serverSecurity, admission: admission,
      incarnation: freshIncarnation()
    ) { heard.add($0) }
  }

  func stop() {
    server.stop()
    keyGuard.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }
}

@Suite struct ControlTests {
  @Test(arguments: [false, true]) func `carries messages both ways`(insecure: Bool) throws {
    let cluster = try Cluster(insecure: insecure)
    defer { cluster.stop() }
    let heard = Heard<ControlClientEvent>()
    let me = ControlPeer(role: .worker, incarnation: freshIncarnation())
    let client = try ControlClient(
      address: cluster.server.address, in: ZeroMQContext(),
      security: insecure ? .insecure : cluster.keys.clientSecurity, as: me
    ) { heard.add($0) }
    client.send(WorkerMessage.leave(Leave(reason: "test")))
    let sender = cluster.heard.first { event -> ControlPeer? in
      guard case .message(let peer, let envelope) = event,
        (try? envelope.message(WorkerMessage.self)) == .leave(Leave(reason: "test"))
      else { return nil }
      return peer
    }
    #expect(sender == me)
    cluster.server.send(CoordinatorMessage.rejoin(Rejoin(reason: "back")), to: me)
    let answer = heard.first { event -> CoordinatorMessage? in
      guard case .message(let envelope) = event else { return nil }
      return try? envelope.message(CoordinatorMessage.self)
    }
    #expect(answer == .rejoin(Rejoin(reason: "back")))
    client.stop()
    let lost = cluster.heard.first { event -> ControlPeer? in
      guard case .disconnected(let peer) = event else { return nil }
      return peer
    }
    #expect(lost == me)
  }

  @Test func `answers an operator`() throws {
    let cluster = try Cluster()
    defer { cluster.stop() }
    let server = cluster.server
    let thread = try OwnedThread(name: "test") { [heard = cluster.heard] in
      let asked = heard.first { event -> (ControlPeer, RequestID)? in
        guard case .message(let peer, let envelope) = event else { return nil }
        return (peer, envelope.header.request)
      }
      if let (peer, request) = asked {
        server.send(OperatorReply.cancelled(JobID(1)), to: peer, request: RequestID(99))
        server.send(OperatorReply.cancelled(JobID(3)), to: peer, request: request)
      }
    }
    let client = try OperatorClient(
      address: server.address, in: ZeroMQContext(), security: cluster.keys.clientSecurity)
    let reply = try client.ask(
      .cancel(CancelRequest(job: JobID(3), reason: "")), deadline: .seconds(20))
    #expect(reply == .cancelled(JobID(3)))
    thread.join()
  }

  @Test func `does not admit a process with unknown keys`() throws {
    let cluster = try Cluster()
    defer { cluster.stop() }
    let client = try OperatorClient(
      address: cluster.server.address, in: ZeroMQContext(),
      security: .curve(own: .generate(), serverKey: cluster.keys.coordinator.publicKey))
    let error = #expect(throws: TransportError.self) {
      try client.ask(.status, deadline: .seconds(20))
    }
    guard case .notAdmitted = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cluster.denied.first { $0.event }?.contains("unknown key") == true)
  }

  @Test func `says who does not answer`() throws {
    let client = try OperatorClient(
      address: "tcp://127.0.0.1:9", in: ZeroMQContext(), security: .insecure)
    let error = #expect(throws: TransportError.self) {
      try client.ask(.status, deadline: .milliseconds(200))
    }
    #expect(error == .unreachable(address: "tcp://127.0.0.1:9", seconds: 0.2))
    #expect(error?.description.contains("tcp://127.0.0.1:9") == true)
  }

  @Test func `says that a port is in use`() throws {
    let cluster = try Cluster()
    defer { cluster.stop() }
    let address = cluster.server.address
    #expect(throws: TransportError.addressInUse(address)) {
      try ControlServer(
        address: address, in: cluster.context, security: .insecure,
        incarnation: freshIncarnation()
      ) { _ in }
    }
    #expect(throws: TransportError.self) {
      try ControlServer(
        address: "nonsense", in: cluster.context, security: .insecure,
        incarnation: freshIncarnation()
      ) { _ in }
    }
  }

  @Test func `tells another version so, whatever follows its preamble`() throws {
    let cluster = try Cluster(insecure: true)
    defer { cluster.stop() }
    let dealer = try ZeroMQSocket(.dealer, in: ZeroMQContext())
    try dealer.connect(cluster.server.address)
    #expect(dealer.send([Envelope.preamble(version: 99) + [7, 7, 7]]) == .sent)
    var poller = Poller()
    poller.add(dealer)
    poller.wait(milliseconds: 20_000)
    let answer = try #require(dealer.receive()?.frames.first)
    #expect(answer == Envelope.preamble())
    // The older side reads it the same way.
    #expect(throws: WireError.protocolMismatch(ours: protocolVersion, theirs: 99)) {
      try Envelope(decoding: Envelope.preamble(version: 99))
    }
  }

  @Test func `drops what is no message`() throws {
    let cluster = try Cluster(insecure: true)
    defer { cluster.stop() }
    let dealer = try ZeroMQSocket(.dealer, in: ZeroMQContext())
    try dealer.connect(cluster.server.address)
    _ = dealer.send([[1, 2, 3]])
    _ = dealer.send([[1], [2], [3]])
    _ = dealer.send([
      Envelope.encode(
        WorkerMessage.leave(Leave(reason: "")), from: .worker, incarnation: Incarnation(8))
    ])
    for text in ["damaged", "3 frames", "not who connected"] {
      let found = cluster.heard.first { event -> String? in
        guard case .trouble(let trouble) = event, trouble.contains(text) || text == "3 frames"
        else { return nil }
        return trouble
      }
      #expect(found != nil, "\(text)")
    }
  }
}
