// Carries exchange frames between workers that cannot reach each other (`--exchange hub`). It
// reads nothing of them but the address.

import CZeroMQ
import Glibc
import Messages

/// A ROUTER on its own thread. A worker connects a DEALER whose routing identity is
/// `ExchangeRelay.freshRoute(of:)` and sends [identity of the destination][header][payload …]; the
/// destination gets [identity of the sender][header][payload …], the sender being the one that
/// connected, whatever it claims. Identities are those of `identity(of:)`.
package final class ExchangeRelay: Sendable {
  /// Where workers connect, as bound.
  package let address: String
  private let stopping: Mailbox<Void>
  private let thread: OwnedThread

  /// The routing identity of a worker's process.
  package static func identity(of incarnation: Incarnation) -> [UInt8] {
    ControlPeer(role: .worker, incarnation: incarnation).identity
  }

  /// A routing identity for one connection of a worker's process.
  package static func freshRoute(of incarnation: Incarnation) -> [UInt8] {
    ControlPeer(role: .worker, incarnation: incarnation).freshRoute()
  }

  /// The worker's process a routing identity stands for; nil if it is none.
  package static func incarnation(of identity: [UInt8]) -> Incarnation? {
    ControlPeer(identity: identity)?.incarnation
  }

  /// A frame above `frameBytesMax` breaks its sender's connection; with `heldBytesMax` waiting here
  /// for slow workers nobody is read any more. `admission` is asked about every message;
  /// `onRefusal` is called on the relay's thread.
  package init(
    address: String, in context: ZeroMQContext, security: ServerSecurity,
    admission: Admission = .everybody, frameBytesMax: Int = 64 << 20,
    heldBytesMax: Int = 256 << 20,
    onRefusal: @escaping @Sendable (Admission.Refusal) -> Void = { _ in }
  ) throws(TransportError) {
    let router = try ZeroMQSocket(.router, in: context)
    try router.secure(security)
    router.bound(messageBytes: frameBytesMax, queued: 256)
    router.set(ZMQ_ROUTER_MANDATORY, Int32(1))
    router.set(ZMQ_ROUTER_HANDOVER, Int32(1))
    self.address = try router.bind(address)
    let stopping = try Mailbox<Void>(capacity: 1)
    self.stopping = stopping
    let handed = Handed(router)
    thread = try OwnedThread(name: "relay") {
      RelayLoop(
        router: handed.take(), admission: admission, heldBytesMax: heldBytesMax,
        onRefusal: onRefusal
      ).run(stopping)
    }
  }

  package func stop() {
    stopping.put(())
    thread.join()
  }
}

private final class RelayLoop {
  /// What a worker's full queue did not take, in order.
  private struct Held {
    var messages: [[[UInt8]]] = []
    var since = ContinuousClock.now
  }

  private let router: ZeroMQSocket
  private let admission: Admission
  private let heldBytesMax: Int
  private let onRefusal: @Sendable (Admission.Refusal) -> Void
  /// Routing identities by identity, of those who spoke last, and of those before them: a worker
  /// that was not heard of for so long is not known any more.
  private var recent: [[UInt8]: Route] = [:]
  private var older: [[UInt8]: Route] = [:]
  private static let recentMax = 32_768

  private struct Route {
    let identity: [UInt8]
    /// The key it was admitted with.
    let user: String?
    let incarnation: Incarnation
  }

  private var held: [[UInt8]: Held] = [:]
  private var heldBytes = 0

  /// A worker that takes nothing for so long is gone; its generation will end.
  private static let patience = Duration.seconds(30)

  init(
    router: ZeroMQSocket, admission: Admission, heldBytesMax: Int,
    onRefusal: @escaping @Sendable (Admission.Refusal) -> Void
  ) {
    self.router = router
    self.admission = admission
    self.heldBytesMax = heldBytesMax
    self.onRefusal = onRefusal
  }

  func run(_ stopping: Mailbox<Void>) {
    var all = Poller()
    all.add(descriptor: stopping.descriptor)
    all.add(router)
    var none = Poller()
    none.add(descriptor: stopping.descriptor)
    while true {
      // A ROUTER cannot tell which of its queues has room again, so held messages are retried.
      if heldBytes >= heldBytesMax {
        none.wait(milliseconds: 1)
      } else {
        all.wait(milliseconds: held.isEmpty ? -1 : 1)
      }
      if !stopping.takeAll().isEmpty { return }
      retry()
      for _ in 0..<256 where heldBytes < heldBytesMax {
        guard let received = router.receiveStamped() else { break }
        guard let sender = sender(of: received), received.frames.count >= 3,
          let route = route(to: received.frames[1])
        else { continue }
        forward([route.identity, sender] + received.frames[2...])
      }
    }
  }

  /// The identity that is put on a message; nil if its sender is not admitted.
  private func sender(of received: ZeroMQSocket.Received) -> [UInt8]? {
    guard let first = received.frames.first, let peer = ControlPeer(identity: first),
      peer.role == .worker
    else { return nil }
    do throws(Admission.Refusal) {
      try admission.check(received.user, as: .worker, peer.incarnation)
    } catch {
      onRefusal(error)
      return nil
    }
    if recent[peer.identity]?.identity != first {
      if recent.count >= Self.recentMax { (older, recent) = (recent, [:]) }
      recent[peer.identity] = Route(
        identity: first, user: received.user, incarnation: peer.incarnation)
    }
    return peer.identity
  }

  /// Where a message for an identity goes; nil if nobody has it, or no longer may.
  private func route(to identity: [UInt8]) -> Route? {
    guard let route = recent[identity] ?? older[identity] else { return nil }
    do throws(Admission.Refusal) {
      try admission.check(route.user, as: .worker, route.incarnation)
      return route
    } catch { return nil }
  }

  private func forward(_ message: [[UInt8]]) {
    let destination = message[0]
    if held[destination] == nil, router.send(message) != .full { return }
    held[destination, default: Held()].messages.append(message)
    heldBytes += bytes(message)
  }

  private func retry() {
    let now = ContinuousClock.now
    for destination in Array(held.keys) {
      guard var waiting = held[destination] else { continue }
      var sent = 0
      while sent < waiting.messages.count {
        let outcome = router.send(waiting.messages[sent])
        if outcome == .full { break }
        heldBytes -= bytes(waiting.messages[sent])
        sent += 1
        waiting.since = now
      }
      waiting.messages.removeFirst(sent)
      if now - waiting.since > Self.patience {
        heldBytes -= waiting.messages.reduce(0) { $0 + bytes($1) }
        waiting.messages = []
      }
      held[destination] = waiting.messages.isEmpty ? nil : waiting
    }
  }

  private func bytes(_ message: [[UInt8]]) -> Int { message.reduce(0) { $0 + $1.count } }
}
