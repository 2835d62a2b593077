import Messages

/// Lets into a context's servers the CURVE keys that `Admission` admits. One a context; it must
/// outlive the servers. An admitted connection's messages carry its key.
package final class KeyGuard: Sendable {
  private let connections: ConnectionGuard

  /// `onRefusal` hears of those who are not let in, on the guard's thread.
  package init(
    in context: ZeroMQContext, asking admission: Admission,
    onRefusal: @escaping @Sendable (Admission.Refusal) -> Void
  ) throws(TransportError) {
    connections = try ConnectionGuard(in: context) { request in
      guard request.mechanism == "CURVE", let key = request.credentials.first else {
        return .refused(reason: "unknown key")
      }
      do throws(Admission.Refusal) {
        try admission.check(publicKey: key, from: request.address)
        return .admitted(user: keyText(key) ?? "")
      } catch {
        onRefusal(error)
        return .refused(reason: "unknown key")
      }
    }
  }

  package func stop() { connections.stop() }
}
