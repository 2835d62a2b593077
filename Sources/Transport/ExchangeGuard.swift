import CSodium
import CZeroMQ
import Messages

/// Lets into the exchange sockets of a context those who know a password that is made anew at each
/// start of the process (ZMTP PLAIN).
///
/// Frames are sealed, so that a stranger could neither read nor forge one; but a socket collects
/// what it is sent before anybody can look at it. One a context; it must outlive the endpoints.
package final class ExchangeGuard: Sendable {
  /// 32 bytes; members learn it with the generation.
  package let password: [UInt8]
  private let connections: ConnectionGuard

  /// ZMTP's PLAIN has a user name too; there is one user, the cluster's member.
  private static let user = "martlet"

  package init(in context: ZeroMQContext) throws(TransportError) {
    let password = randomBytes(32)
    self.password = password
    let expected = Array((keyText(password) ?? "").utf8)
    connections = try ConnectionGuard(in: context) { request in
      // Credentials: user, password.
      let isFine =
        request.mechanism == "PLAIN" && request.credentials.count == 2
        && request.credentials[1].count == expected.count
        && sodium_memcmp(request.credentials[1], expected, expected.count) == 0
      return isFine ? .admitted(user: "") : .refused(reason: "unknown password")
    }
  }

  package func stop() { connections.stop() }

  static func demand(at socket: ZeroMQSocket) {
    socket.set(ZMQ_PLAIN_SERVER, Int32(1))
    socket.set(ZMQ_ZAP_DOMAIN, Array("martlet".utf8))
  }

  package static func show(_ password: [UInt8], at socket: ZeroMQSocket) {
    socket.set(ZMQ_PLAIN_USERNAME, Array(user.utf8))
    socket.set(ZMQ_PLAIN_PASSWORD, Array((keyText(password) ?? "").utf8))
  }
}
