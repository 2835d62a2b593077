// The coordinator's end of the control plane: one ROUTER, one thread, no decisions.

import CZeroMQ
import Messages

/// A process at the other end of the control plane; its ZeroMQ routing identity begins with it.
package struct ControlPeer: Hashable, Sendable {
  package var role: Role
  package var incarnation: Incarnation

  package init(role: Role, incarnation: Incarnation) {
    self.role = role
    self.incarnation = incarnation
  }

  /// The first bytes of the routing identity.
  package var identity: [UInt8] {
    [UInt8(role.rawValue)]
      + (0..<8).map { UInt8(truncatingIfNeeded: incarnation.number >> (8 * $0)) }
  }

  /// A routing identity for one socket: `identity` and 16 random bytes. A ROUTER that takes over
  /// identities from older connections would otherwise let anybody who knows an incarnation cut
  /// its owner off; these bytes are known to the two ends alone.
  func freshRoute() -> [UInt8] {
    identity + randomBytes(16)
  }

  init?(identity: [UInt8]) {
    guard (9...25).contains(identity.count), let role = Role(rawValue: UInt32(identity[0])) else {
      return nil
    }
    self.role = role
    incarnation = Incarnation(
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(identity[1 + $1]) << (8 * $1) })
  }
}

package enum ControlServerEvent: Sendable {
  case message(ControlPeer, Envelope)
  /// The connection broke, or the peer takes nothing any more.
  case disconnected(ControlPeer)
  /// A message was dropped because its connection's key does not allow it; the sender was told.
  case refused(ControlPeer, Admission.Refusal)
  /// A message was dropped, or somebody was not admitted; for the log.
  case trouble(String)
}

package final class ControlServer: Sendable {
  /// Where clients connect, as bound.
  package let address: String
  private let outbox: Mailbox<Command>
  private let thread: OwnedThread
  private let incarnation: Incarnation

  private enum Command: Sendable {
    case send(ControlPeer, SharedFrame)
    case stop
  }

  /// Listens at an address such as `tcp://0.0.0.0:7700`; port 0 takes any free one. `admission` is
  /// asked about every message. `onEvent` is called on the server's thread and must not wait.
  ///
  /// Throws: `TransportError.addressInUse`, `.badAddress`, `.curveUnavailable`.
  package init(
    address: String, in context: ZeroMQContext, security: ServerSecurity,
    admission: Admission = .everybody, incarnation: Incarnation,
    onEvent: @escaping @Sendable (ControlServerEvent) -> Void
  ) throws(TransportError) {
    let router = try ZeroMQSocket(.router, in: context)
    try router.secure(security)
    router.bound(messageBytes: WireLimits.messageBytes, queued: 1_000)
    router.set(ZMQ_ROUTER_MANDATORY, Int32(1))
    // A process that reconnects before its old connection is found dead takes its identity along.
    router.set(ZMQ_ROUTER_HANDOVER, Int32(1))
    let monitor = try ConnectionMonitor(of: router, in: context)
    self.address = try router.bind(address)
    self.incarnation = incarnation
    let outbox = try Mailbox<Command>(capacity: 65_536)
    self.outbox = outbox
    let handed = Handed((router, monitor))
    thread = try OwnedThread(name: "control") {
      let (router, monitor) = handed.take()
      Loop(
        router: router, monitor: monitor, admission: admission, incarnation: incarnation,
        onEvent: onEvent
      ).run(outbox)
    }
  }

  /// Queues a message; if the peer is gone it is dropped, and `disconnected` follows.
  package func send(
    _ message: some Conversation, to peer: ControlPeer, request: RequestID = .none
  ) {
    send(encode(message, request: request), to: peer)
  }

  /// A message as it goes over the wire, for many peers.
  package func encode(
    _ message: some Conversation, request: RequestID = .none
  ) -> SharedFrame {
    SharedFrame(
      Envelope.encode(message, from: .coordinator, incarnation: incarnation, request: request))
  }

  /// Queues an encoded message; all peers it goes to share its memory.
  package func send(_ frame: SharedFrame, to peer: ControlPeer) {
    outbox.put(.send(peer, frame))
  }

  /// Ends the thread and closes the socket; what is queued may be lost.
  package func stop() {
    outbox.put(.stop)
    thread.join()
  }

  private final class Loop {
    let router: ZeroMQSocket
    let monitor: ConnectionMonitor
    let onEvent: @Sendable (ControlServerEvent) -> Void
    private let admission: Admission
    private let incarnation: Incarnation
    private var peers: [Int32: ControlPeer] = [:]
    /// Routing identities of the peers with a connection.
    private var routes: [ControlPeer: [UInt8]] = [:]

    init(
      router: ZeroMQSocket, monitor: ConnectionMonitor, admission: Admission,
      incarnation: Incarnation, onEvent: @escaping @Sendable (ControlServerEvent) -> Void
    ) {
      self.router = router
      self.monitor = monitor
      self.admission = admission
      self.incarnation = incarnation
      self.onEvent = onEvent
    }

    func run(_ outbox: Mailbox<Command>) {
      var poller = Poller()
      poller.add(router)
      poller.add(monitor.socket)
      poller.add(descriptor: outbox.descriptor)
      while true {
        poller.wait(milliseconds: -1)
        noteConnections()
        // Bounded, so that a flood of messages cannot keep answers from leaving.
        for _ in 0..<256 {
          guard let received = router.receiveStamped() else { break }
          read(received)
        }
        for command in outbox.takeAll() {
          guard case .send(let peer, let frame) = command else { return }
          guard let route = routes[peer], router.send([route], then: frame) == .sent else {
            onEvent(.disconnected(peer))
            continue
          }
        }
      }
    }

    private func noteConnections() {
      while let event = monitor.next() {
        switch event {
        case .established: break
        case .lost(let descriptor):
          guard let peer = peers.removeValue(forKey: descriptor) else { continue }
          // It may have come back over another connection meanwhile.
          if !peers.values.contains(peer) { routes[peer] = nil }
          onEvent(.disconnected(peer))
        // The guard that denied it tells of it, with the key.
        case .denied: break
        case .misunderstood:
          onEvent(.trouble("a process that speaks another protocol or without keys was refused"))
        }
      }
    }

    private func read(_ received: ZeroMQSocket.Received) {
      let (frames, descriptor) = (received.frames, received.descriptor)
      guard frames.count == 2 else {
        onEvent(.trouble("a message of \(frames.count) frames was dropped, expected 2"))
        return
      }
      do throws(WireError) {
        let envelope = try Envelope(decoding: frames[1])
        guard let peer = ControlPeer(identity: frames[0]),
          peer.incarnation == envelope.header.incarnation, peer.role == envelope.header.role
        else {
          onEvent(.trouble("a message whose sender is not who connected was dropped"))
          return
        }
        do throws(Admission.Refusal) {
          try admission.check(received.user, as: peer.role, peer.incarnation, binds: true)
        } catch {
          refuse(error, peer, frames[0], envelope.header.request)
          return
        }
        if descriptor >= 0, peers[descriptor] != peer {
          // The system reuses descriptors: hear of the old connection's end before the new begins.
          noteConnections()
          peers[descriptor] = peer
        }
        routes[peer] = frames[0]
        onEvent(.message(peer, envelope))
      } catch {
        if case .protocolMismatch = error {
          _ = router.send([frames[0], Envelope.preamble()])
        }
        onEvent(.trouble("\(error)"))
      }
    }

    /// Answers where the message came from, which need not be where the process it names is.
    private func refuse(
      _ refusal: Admission.Refusal, _ peer: ControlPeer, _ route: [UInt8], _ request: RequestID
    ) {
      let (reason, field) = (refusal.reason, Failure.keyField)
      let answer =
        peer.role == .worker
        ? Envelope.encode(
          CoordinatorMessage.refused(Refused(reason: reason, field: field)), from: .coordinator,
          incarnation: incarnation)
        : Envelope.encode(
          OperatorReply.failure(Failure(reason: reason, field: field)), from: .coordinator,
          incarnation: incarnation, request: request)
      _ = router.send([route, answer])
      onEvent(.refused(peer, refusal))
    }
  }
}
