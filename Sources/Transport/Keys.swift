// CURVE key pairs, and what sockets demand and show.

import CSodium
import CZeroMQ
import Messages

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

func randomBytes(_ count: Int) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  randombytes_buf(&bytes, count)
  return bytes
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
