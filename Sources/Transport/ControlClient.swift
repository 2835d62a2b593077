// A worker's end of the control plane: one DEALER, one thread, connected for as long as it lives.

import CZeroMQ
import Messages

package enum ControlClientEvent: Sendable {
  case connected
  case disconnected
  case message(Envelope)
  /// The coordinator speaks another protocol or does not admit us; trying again may help after a
  /// person has acted.
  case refused(TransportError)
  case trouble(String)
}

package final class ControlClient: Sendable {
  private let outbox: Mailbox<Command>
  private let thread: OwnedThread
  private let peer: ControlPeer

  private enum Command: Sendable {
    case send([UInt8])
    case stop
  }

  /// Connects in the background, and again whenever the connection breaks.
  ///
  /// `onEvent` is called on the client's thread and must not wait.
  package init(
    address: String, in context: ZeroMQContext, security: ClientSecurity, as peer: ControlPeer,
    onEvent: @escaping @Sendable (ControlClientEvent) -> Void
  ) throws(TransportError) {
    self.peer = peer
    let (dealer, monitor) = try connectedDealer(
      address, context, security, identity: peer.freshRoute())
    let outbox = try Mailbox<Command>(capacity: 4_096)
    self.outbox = outbox
    let handed = Handed((dealer, monitor))
    thread = try OwnedThread(name: "control") {
      let (dealer, monitor) = handed.take()
      run(dealer, monitor, outbox, address, onEvent)
    }

    @Sendable func run(
      _ dealer: ZeroMQSocket, _ monitor: ConnectionMonitor, _ outbox: Mailbox<Command>,
      _ address: String, _ onEvent: (ControlClientEvent) -> Void
    ) {
      var poller = Poller()
      poller.add(dealer)
      poller.add(monitor.socket)
      poller.add(descriptor: outbox.descriptor)
      while true {
        poller.wait(milliseconds: -1)
        while let event = monitor.next() { onEvent(event.forClient(of: address)) }
        while let (frames, _) = dealer.receive() {
          do throws(WireError) {
            onEvent(.message(try Envelope(decoding: frames.first ?? [])))
          } catch .protocolMismatch(let ours, let theirs) {
            onEvent(.refused(.protocolMismatch(ours: ours, theirs: theirs)))
          } catch {
            onEvent(.trouble("\(error)"))
          }
        }
        for command in outbox.takeAll() {
          guard case .send(let bytes) = command else { return }
          // A full queue means no connection; the machines say everything important again.
          if dealer.send([bytes]) != .sent { onEvent(.trouble("a message was dropped")) }
        }
      }
    }
  }

  package func send(_ message: some Conversation, request: RequestID = .none) {
    outbox.put(
      .send(
        Envelope.encode(
          message, from: peer.role, incarnation: peer.incarnation, request: request)))
  }

  package func stop() {
    outbox.put(.stop)
    thread.join()
  }
}

extension ConnectionMonitor.Event {
  fileprivate func forClient(of address: String) -> ControlClientEvent {
    switch self {
    case .established: .connected
    case .lost: .disconnected
    case .denied, .misunderstood: .refused(refusal(at: address) ?? .curveUnavailable)
    }
  }

  /// What a failed handshake means to the person who holds the join file.
  func refusal(at address: String) -> TransportError? {
    switch self {
    case .established, .lost: nil
    case .denied: .notAdmitted(address: address, reason: "its key is not on the list, or no longer")
    case .misunderstood:
      .notAdmitted(address: address, reason: "one side encrypts and the other does not")
    }
  }
}

func connectedDealer(
  _ address: String, _ context: ZeroMQContext, _ security: ClientSecurity, identity: [UInt8]?,
  queued: Int32 = 1_000
) throws(TransportError) -> (ZeroMQSocket, ConnectionMonitor) {
  let dealer = try ZeroMQSocket(.dealer, in: context)
  try dealer.secure(security)
  dealer.bound(messageBytes: WireLimits.messageBytes, queued: queued)
  if let identity { dealer.set(ZMQ_ROUTING_ID, identity) }
  let monitor = try ConnectionMonitor(of: dealer, in: context)
  try dealer.connect(address)
  return (dealer, monitor)
}

/// The command line's end of the control plane: ask, wait, get the answer or a clear error.
///
/// Belongs to the thread that uses it.
package final class OperatorClient {
  private let dealer: ZeroMQSocket
  private let monitor: ConnectionMonitor
  private let address: String
  private let incarnation: Incarnation
  private var asked: UInt64 = 0

  package init(
    address: String, in context: ZeroMQContext, security: ClientSecurity,
    incarnation: Incarnation = freshIncarnation()
  ) throws(TransportError) {
    self.address = address
    self.incarnation = incarnation
    let peer = ControlPeer(role: .operator, incarnation: incarnation)
    (dealer, monitor) = try connectedDealer(
      address, context, security, identity: peer.freshRoute())
  }

  /// Throws: `TransportError.unreachable` after `deadline`, `.notAdmitted`, `.protocolMismatch`. A
  /// request the coordinator cannot fulfil is the reply `.failure`.
  package func ask(
    _ request: OperatorRequest, deadline: Duration = .seconds(5)
  ) throws(TransportError) -> OperatorReply {
    asked += 1
    let number = RequestID(asked)
    let bytes = Envelope.encode(
      request, from: .operator, incarnation: incarnation, request: number)
    guard dealer.send([bytes]) == .sent else {
      throw .unreachable(address: address, seconds: 0)
    }
    let end = ContinuousClock.now + deadline
    var poller = Poller()
    poller.add(dealer)
    poller.add(monitor.socket)
    while true {
      let left = end - ContinuousClock.now
      guard left > .zero else {
        throw .unreachable(address: address, seconds: seconds(deadline))
      }
      poller.wait(milliseconds: max(1, Int(seconds(left) * 1_000)))
      while let (frames, _) = dealer.receive() {
        do throws(WireError) {
          let envelope = try Envelope(decoding: frames.first ?? [])
          // Answers to questions given up earlier come late.
          guard envelope.header.request == number else { continue }
          return try envelope.message(OperatorReply.self)
        } catch .protocolMismatch(let ours, let theirs) {
          throw .protocolMismatch(ours: ours, theirs: theirs)
        } catch {
          throw .malformed(error)
        }
      }
      while let event = monitor.next() {
        if let refusal = event.refusal(at: address) { throw refusal }
      }
    }
  }
}

func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
