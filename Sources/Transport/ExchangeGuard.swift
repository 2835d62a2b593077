import CSodium
import CZeroMQ
import Messages

/// Lets into the exchange sockets of a context those who know a password that is made anew at each
/// start of the process (ZMTP PLAIN, asked by ZAP, rfc.zeromq.org/spec/27).
///
/// Frames are sealed, so that a stranger could neither read nor forge one; but a socket collects
/// what it is sent before anybody can look at it. One a context; it must outlive the endpoints.
package final class ExchangeGuard: Sendable {
  /// 32 bytes; members learn it with the generation.
  package let password: [UInt8]
  private let stopping: Mailbox<Void>
  private let thread: OwnedThread

  /// ZMTP's PLAIN has a user name too; there is one user, the cluster's member.
  private static let user = "martlet"

  package init(in context: ZeroMQContext) throws(TransportError) {
    var password = [UInt8](repeating: 0, count: 32)
    randombytes_buf(&password, password.count)
    let stopping = try Mailbox<Void>(capacity: 1)
    let handler = try ZeroMQSocket(.reply, in: context)
    _ = try handler.bind("inproc://zeromq.zap.01")
    (self.password, self.stopping) = (password, stopping)
    let handed = Handed(handler)
    let expected = Array((keyText(password) ?? "").utf8)
    thread = try OwnedThread {
      let handler = handed.take()
      var poller = Poller()
      poller.add(handler)
      poller.add(descriptor: stopping.descriptor)
      while true {
        poller.wait(milliseconds: -1)
        while let (frames, _) = handler.receive() {
          _ = handler.send(Self.answer(frames, expected))
        }
        if poller.isReadable(1), !stopping.takeAll().isEmpty { return }
      }
    }
  }

  package func stop() {
    stopping.put(())
    thread.join()
  }

  // Request: version, request, domain, address, identity, mechanism, user, password.
  private static func answer(_ frames: [[UInt8]], _ expected: [UInt8]) -> [[UInt8]] {
    let isFine =
      frames.count == 8 && frames[5] == Array("PLAIN".utf8) && frames[7].count == expected.count
      && sodium_memcmp(frames[7], expected, expected.count) == 0
    let request = frames.count > 1 ? frames[1] : []
    return [
      Array("1.0".utf8), request, Array((isFine ? "200" : "400").utf8),
      Array((isFine ? "OK" : "unknown password").utf8), [], [],
    ]
  }

  static func demand(at socket: ZeroMQSocket) {
    socket.set(ZMQ_PLAIN_SERVER, Int32(1))
    socket.set(ZMQ_ZAP_DOMAIN, Array("martlet".utf8))
  }

  package static func show(_ password: [UInt8], at socket: ZeroMQSocket) {
    socket.set(ZMQ_PLAIN_USERNAME, Array(user.utf8))
    socket.set(ZMQ_PLAIN_PASSWORD, Array((keyText(password) ?? "").utf8))
  }
}
