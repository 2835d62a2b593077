import CZeroMQ

/// Answers libzmq's question, for every new connection of a context, whether it is let in (ZAP,
/// rfc.zeromq.org/spec/27). One a context; it must outlive the context's servers.
final class ConnectionGuard: Sendable {
  struct Request {
    /// Where the connection comes from.
    let address: String
    /// "CURVE" with a public key, "PLAIN" with a user's name and password.
    let mechanism: String
    let credentials: [[UInt8]]
  }

  enum Answer {
    /// `user` comes with every message of the connection (`ZeroMQSocket.Received.user`).
    case admitted(user: String)
    case refused(reason: String)
  }

  private let stopping: Mailbox<Void>
  private let thread: OwnedThread

  /// `decide` is called on the guard's own thread.
  init(
    in context: ZeroMQContext, decide: @escaping @Sendable (Request) -> Answer
  ) throws(TransportError) {
    let stopping = try Mailbox<Void>(capacity: 1)
    let handler = try ZeroMQSocket(.reply, in: context)
    _ = try handler.bind("inproc://zeromq.zap.01")
    self.stopping = stopping
    let handed = Handed(handler)
    thread = try OwnedThread(name: "admission") {
      let handler = handed.take()
      var poller = Poller()
      poller.add(handler)
      poller.add(descriptor: stopping.descriptor)
      while true {
        poller.wait(milliseconds: -1)
        while let (frames, _) = handler.receive() {
          _ = handler.send(Self.reply(to: frames, decide))
        }
        if poller.isReadable(1), !stopping.takeAll().isEmpty { return }
      }
    }
  }

  func stop() {
    stopping.put(())
    thread.join()
  }

  // Request: version, request, domain, address, identity, mechanism, credentials.
  private static func reply(
    to frames: [[UInt8]], _ decide: (Request) -> Answer
  ) -> [[UInt8]] {
    func text(_ index: Int) -> String { String(decoding: frames[index], as: UTF8.self) }
    let answer =
      frames.count > 6
      ? decide(Request(address: text(3), mechanism: text(5), credentials: Array(frames[6...])))
      : .refused(reason: "no credentials")
    let (code, reason, user) =
      switch answer {
      case .admitted(let user): ("200", "OK", user)
      case .refused(let reason): ("400", reason, "")
      }
    let request = frames.count > 1 ? frames[1] : []
    return [
      Array("1.0".utf8), request, Array(code.utf8), Array(reason.utf8), Array(user.utf8), [],
    ]
  }
}
