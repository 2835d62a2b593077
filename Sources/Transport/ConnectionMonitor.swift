import CZeroMQ
import Messages
import Synchronization

/// What happens to the connections of a socket, told by libzmq to the thread that owns it.
package final class ConnectionMonitor {
  package enum Event: Equatable, Sendable {
    /// Connected and, with CURVE, admitted.
    case established
    /// The connection with this descriptor is gone.
    case lost(descriptor: Int32)
    /// The other side does not accept our keys.
    case denied
    /// The other side is no ZeroMQ, has other keys or encrypts differently.
    case misunderstood
  }

  package let socket: ZeroMQSocket

  private static let count = Atomic<UInt64>(0)

  package init(of watched: ZeroMQSocket, in context: ZeroMQContext) throws(TransportError) {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    let address = "inproc://monitor-\(number)"
    let wanted =
      ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
      | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    guard zmq_socket_monitor(watched.pointer, address, wanted) == 0 else {
      throw lastError("watch connections")
    }
    socket = try ZeroMQSocket(.pair, in: context)
    try socket.connect(address)
  }

  package func next() -> Event? {
    while let (frames, _) = socket.receive() {
      guard let head = frames.first, head.count == 6 else { continue }
      let kind = Int32(head[0]) | Int32(head[1]) << 8
      let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(head[2 + $1]) << (8 * $1) }
      switch kind {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .established
      case ZMQ_EVENT_DISCONNECTED: return .lost(descriptor: Int32(bitPattern: value))
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .denied
      default: return .misunderstood
      }
    }
    return nil
  }
}
