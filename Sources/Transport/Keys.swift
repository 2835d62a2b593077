// Who may speak: CURVE key pairs, and the guard that admits only known ones.

import CSodium
import CZeroMQ
import Messages
import Synchronization

/// A CURVE key pair.
package struct KeyPair: Hashable, Sendable {
  /// 32 bytes each.
  package let publicKey: [UInt8]
  package let secretKey: [UInt8]

  package init(publicKey: [UInt8], secretKey: [UInt8]) {
    precondition(
      publicKey.count == 32 && secretKey.count == 32,
      "KeyPair: \(publicKey.count) and \(secretKey.count) bytes")
    self.publicKey = publicKey
    self.secretKey = secretKey
  }

  /// Throws: `TransportError.curveUnavailable`.
  package static func generate() throws(TransportError) -> KeyPair {
    var (publicText, secretText) = (
      [CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41)
    )
    guard ZeroMQContext.hasCurve, zmq_curve_keypair(&publicText, &secretText) == 0,
      let publicKey = keyBytes(text(publicText)), let secretKey = keyBytes(text(secretText))
    else { throw .curveUnavailable }
    return KeyPair(publicKey: publicKey, secretKey: secretKey)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// A key as 40 letters (Z85); nil unless it has 32 bytes.
package func keyText(_ key: [UInt8]) -> String? {
  guard key.count == 32 else { return nil }
  var text = [CChar](repeating: 0, count: 41)
  guard zmq_z85_encode(&text, key, 32) != nil else { return nil }
  return String(decoding: text.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// The 32 bytes of a key written as 40 letters (Z85); nil for anything else.
package func keyBytes(_ text: String) -> [UInt8]? {
  let isZ85 = text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
  guard text.utf8.count == 40, isZ85 else { return nil }
  var key = [UInt8](repeating: 0, count: 32)
  // libzmq accepts some letters outside the alphabet; only a faithful copy is a key.
  guard zmq_z85_decode(&key, text) != nil, keyText(key) == text else { return nil }
  return key
}

/// A number no other process start has, never 0.
package func freshIncarnation() -> Incarnation {
  var number: UInt64 = 0
  while number == 0 { randombytes_buf(&number, 8) }
  return Incarnation(number)
}

/// What a listening socket demands of those who connect.
package enum ServerSecurity: Sendable {
  /// Everybody may connect and listen in: only for networks one trusts.
  case insecure
  /// Only holders of one of the guard's keys, encrypted.
  case curve(KeyPair)
}

/// What a connecting socket shows and expects.
package enum ClientSecurity: Hashable, Sendable {
  case insecure
  case curve(own: KeyPair, serverKey: [UInt8])
}

extension ZeroMQSocket {
  /// Throws: `TransportError.curveUnavailable`.
  package func secure(_ security: ServerSecurity) throws(TransportError) {
    guard case .curve(let keys) = security else { return }
    guard ZeroMQContext.hasCurve else { throw .curveUnavailable }
    set(ZMQ_CURVE_SERVER, Int32(1))
    set(ZMQ_CURVE_SECRETKEY, keys.secretKey)
    set(ZMQ_ZAP_DOMAIN, Array("martlet".utf8))
  }

  /// Throws: `TransportError.curveUnavailable`.
  package func secure(_ security: ClientSecurity) throws(TransportError) {
    guard case .curve(let own, let serverKey) = security else { return }
    guard ZeroMQContext.hasCurve else { throw .curveUnavailable }
    set(ZMQ_CURVE_SERVERKEY, serverKey)
    set(ZMQ_CURVE_PUBLICKEY, own.publicKey)
    set(ZMQ_CURVE_SECRETKEY, own.secretKey)
  }
}

/// Answers libzmq's question, for every new connection of a context, whether its key is known
/// (ZAP, rfc.zeromq.org/spec/27). One a context; it must outlive the context's servers.
package final class KeyGuard: Sendable {
  private let stopping: Mailbox<Void>
  private let thread: OwnedThread

  private final class Keys: Sendable {
    let keys = Mutex<Set<[UInt8]>>([])
  }
  private let known: Keys

  /// `changes`: Whether the list will change: who is not on it is then turned away without a word and
  /// tries again. To be told no ends a libzmq connection for good.
  package init(
    in context: ZeroMQContext, admitting keys: [[UInt8]], changes: Bool = false
  ) throws(TransportError) {
    let refusal = changes ? "300" : "400"
    let known = Keys()
    known.keys.withLock { $0 = Set(keys) }
    let stopping = try Mailbox<Void>(capacity: 1)
    let handler = try ZeroMQSocket(.reply, in: context)
    _ = try handler.bind("inproc://zeromq.zap.01")
    self.known = known
    self.stopping = stopping
    let handed = Handed(handler)
    thread = try OwnedThread {
      let handler = handed.take()
      var poller = Poller()
      poller.add(handler)
      poller.add(descriptor: stopping.descriptor)
      while true {
        poller.wait(milliseconds: -1)
        while let (frames, _) = handler.receive() {
          let answer = Self.answer(frames, refusal) { key in
            known.keys.withLock { $0.contains(key) }
          }
          _ = handler.send(answer)
        }
        if poller.isReadable(1), !stopping.takeAll().isEmpty { return }
      }
    }
  }

  /// Replaces the list; standing connections stay.
  package func admit(_ keys: [[UInt8]]) { known.keys.withLock { $0 = Set(keys) } }

  package func stop() {
    stopping.put(())
    thread.join()
  }

  // Request: version, request, domain, address, identity, mechanism, credentials.
  private static func answer(
    _ frames: [[UInt8]], _ refusal: String, _ isAdmitted: ([UInt8]) -> Bool
  ) -> [[UInt8]] {
    let isCurve = frames.count == 7 && frames[5] == Array("CURVE".utf8)
    let isFine = isCurve && isAdmitted(frames[6])
    let request = frames.count > 1 ? frames[1] : []
    return [
      Array("1.0".utf8), request, Array((isFine ? "200" : refusal).utf8),
      Array((isFine ? "OK" : "unknown key").utf8), [], [],
    ]
  }
}
