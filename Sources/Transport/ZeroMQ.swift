// ZeroMQ as Swift values. A socket belongs to the thread that uses it; a context to everybody.

import CZeroMQ
import Glibc
import Messages

package final class ZeroMQContext: @unchecked Sendable {  // libzmq's contexts are thread-safe
  let pointer: UnsafeMutableRawPointer

  /// `socketsMax`: How many sockets may be open in it at once.
  package init(socketsMax: Int32 = 1_023) throws(TransportError) {
    guard let pointer = zmq_ctx_new() else { throw lastError("make a ZeroMQ context") }
    self.pointer = pointer
    zmq_ctx_set(pointer, ZMQ_BLOCKY, 0)
    zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, socketsMax)
  }

  /// Whether this libzmq can encrypt.
  package static var hasCurve: Bool { zmq_has("curve") == 1 }

  // Waits for the sockets to be closed, so their threads must have ended.
  deinit { zmq_ctx_term(pointer) }
}

func lastError(_ operation: String) -> TransportError {
  .system(operation: operation, reason: String(cString: zmq_strerror(zmq_errno())))
}

package final class ZeroMQSocket {
  let pointer: UnsafeMutableRawPointer
  private let context: ZeroMQContext

  package enum Kind {
    case router, dealer, pair, reply

    var number: Int32 {
      switch self {
      case .router: ZMQ_ROUTER
      case .dealer: ZMQ_DEALER
      case .pair: ZMQ_PAIR
      case .reply: ZMQ_REP
      }
    }
  }

  package init(_ kind: Kind, in context: ZeroMQContext) throws(TransportError) {
    guard let pointer = zmq_socket(context.pointer, kind.number) else {
      throw lastError("make a ZeroMQ socket")
    }
    self.pointer = pointer
    self.context = context
    set(ZMQ_LINGER, Int32(0))
  }

  deinit { zmq_close(pointer) }

  package func set(_ option: Int32, _ value: Int32) {
    var value = value
    let code = zmq_setsockopt(pointer, option, &value, MemoryLayout<Int32>.size)
    precondition(code == 0, "zmq_setsockopt \(option) to \(value)")
  }

  package func set(_ option: Int32, _ value: Int64) {
    var value = value
    let code = zmq_setsockopt(pointer, option, &value, MemoryLayout<Int64>.size)
    precondition(code == 0, "zmq_setsockopt \(option) to \(value)")
  }

  package func set(_ option: Int32, _ value: [UInt8]) {
    let code = zmq_setsockopt(pointer, option, value, value.count)
    precondition(code == 0, "zmq_setsockopt \(option), \(value.count) bytes")
  }

  /// Bounds of memory and patience every socket between processes has.
  package func bound(messageBytes: Int, queued: Int32) {
    set(ZMQ_MAXMSGSIZE, Int64(messageBytes))
    set(ZMQ_SNDHWM, queued)
    set(ZMQ_RCVHWM, queued)
    // A peer whose host vanished closes no connection; pings find out.
    set(ZMQ_HEARTBEAT_IVL, Int32(2_000))
    set(ZMQ_HEARTBEAT_TIMEOUT, Int32(6_000))
    // Who connects and says nothing, or too slowly, is dropped.
    set(ZMQ_HANDSHAKE_IVL, Int32(10_000))
    set(ZMQ_BACKLOG, Int32(1_024))
    set(ZMQ_RECONNECT_IVL, Int32(50))
    set(ZMQ_RECONNECT_IVL_MAX, Int32(1_000))
  }

  /// A router then says `full` and `unroutable` instead of dropping the message.
  package func refuseWhatCannotBeSent() { set(ZMQ_ROUTER_MANDATORY, Int32(1)) }

  /// Returns: the address in effect, with the port the system chose for port 0.
  package func bind(_ address: String) throws(TransportError) -> String {
    guard zmq_bind(pointer, address) == 0 else {
      let code = zmq_errno()
      if code == EADDRINUSE { throw .addressInUse(address) }
      throw .badAddress(address, reason: String(cString: zmq_strerror(code)))
    }
    var bytes = [CChar](repeating: 0, count: 1024)
    var count = bytes.count
    guard zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &bytes, &count) == 0 else {
      throw lastError("ask for the bound address")
    }
    return String(
      decoding: bytes.prefix(max(0, count - 1)).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  package func connect(_ address: String) throws(TransportError) {
    guard zmq_connect(pointer, address) == 0 else {
      throw .badAddress(address, reason: String(cString: zmq_strerror(zmq_errno())))
    }
  }

  package enum Sending { case sent, full, unroutable }

  /// Sends all frames or none, without waiting.
  ///
  /// `last`: A frame after them that is not copied.
  package func send(_ frames: [[UInt8]], then last: SharedFrame? = nil) -> Sending {
    for (index, frame) in frames.enumerated() {
      let more = index + 1 < frames.count || last != nil ? ZMQ_SNDMORE : 0
      while zmq_send(pointer, frame, frame.count, more | ZMQ_DONTWAIT) < 0 {
        switch zmq_errno() {
        case EINTR: continue
        // Only the first frame can meet a full queue; the rest of a message is always taken.
        case EHOSTUNREACH: return .unroutable
        default: return .full
        }
      }
    }
    last?.send(pointer)
    return .sent
  }

  /// A message and what libzmq knows of the connection it came over.
  package struct Received {
    package var frames: [[UInt8]] = []
    package var descriptor: Int32 = -1
    /// What the ZAP handler answered about the connection: its key as text; nil without keys.
    package var user: String?
  }

  /// The frames of the next message and the descriptor of the connection it came over, or nil if
  /// none is waiting. A message of more than `framesMax` frames is returned without frames.
  package func receive(framesMax: Int = 16) -> (frames: [[UInt8]], descriptor: Int32)? {
    receiveStamped(framesMax: framesMax).map { ($0.frames, $0.descriptor) }
  }

  /// As `receive`, with the key of the connection.
  package func receiveStamped(framesMax: Int = 16) -> Received? {
    var received = Received()
    var count = 0
    let hasArrived = receiveFrames { message in
      count += 1
      if count <= framesMax {
        received.frames.append(
          [UInt8](
            UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))))
      }
      let source = zmq_msg_get(&message, ZMQ_SRCFD)
      if source >= 0 { received.descriptor = source }
      if let user = zmq_msg_gets(&message, "User-Id") { received.user = String(cString: user) }
    }
    guard hasArrived else { return nil }
    if count > framesMax { received.frames = [] }
    return received
  }

  /// The next message, not copied, or nil if none is waiting. One of more than `framesMax` frames
  /// is returned without frames.
  func receiveShared(framesMax: Int = 16) -> [SharedFrame]? {
    var frames: [SharedFrame] = []
    var count = 0
    let hasArrived = receiveFrames { message in
      count += 1
      if count <= framesMax { frames.append(SharedFrame(taking: &message)) }
    }
    guard hasArrived else { return nil }
    return count <= framesMax ? frames : []
  }

  /// Returns: false if no message is waiting.
  private func receiveFrames(_ take: (inout zmq_msg_t) -> Void) -> Bool {
    var message = zmq_msg_t()
    while true {
      zmq_msg_init(&message)
      while zmq_msg_recv(&message, pointer, ZMQ_DONTWAIT) < 0 {
        if zmq_errno() == EINTR { continue }
        zmq_msg_close(&message)
        return false
      }
      let more = zmq_msg_more(&message)
      take(&message)
      zmq_msg_close(&message)
      if more == 0 { return true }
    }
  }
}

/// Waits until a socket or descriptor is readable, or the time is over.
package struct Poller {
  private var items: [zmq_pollitem_t] = []

  package init() {}

  package mutating func add(_ socket: ZeroMQSocket) {
    items.append(
      zmq_pollitem_t(socket: socket.pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
  }

  package mutating func add(descriptor: Int32) {
    items.append(zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
  }

  package mutating func wait(milliseconds: Int) {
    zmq_poll(&items, Int32(items.count), milliseconds)
  }

  package func isReadable(_ index: Int) -> Bool { items[index].revents & Int16(ZMQ_POLLIN) != 0 }
}
