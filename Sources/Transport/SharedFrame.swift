import CZeroMQ

/// A frame in libzmq's own memory: its queues hold references instead of copies, so that a long
/// message to a thousand peers takes the memory of one, and what arrived is copied when it is used.
package final class SharedFrame: @unchecked Sendable {
  // Written by nobody after `init`; only its count of references changes, which libzmq does
  // atomically, and the source of a copy, which the one thread that sends touches.
  private var message = zmq_msg_t()

  /// A frame that is written where it is sent from.
  ///
  /// Throws: what `fill` throws.
  package init(
    byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    // It fails for want of memory alone.
    precondition(zmq_msg_init_size(&message, byteCount) == 0, "SharedFrame: no memory")
    try fill(UnsafeMutableRawBufferPointer(start: zmq_msg_data(&message), count: byteCount))
  }

  package convenience init(_ bytes: [UInt8]) {
    self.init(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// Takes what arrived; `other` is empty after it.
  init(taking other: inout zmq_msg_t) {
    zmq_msg_init(&message)
    zmq_msg_move(&message, &other)
  }

  deinit { zmq_msg_close(&message) }

  var count: Int { zmq_msg_size(&message) }

  /// A copy of a part.
  func bytes(in range: Range<Int>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: count)[range])
  }

  /// Sends it as the last frame of a message whose earlier ones were taken.
  func send(_ socket: UnsafeMutableRawPointer) {
    var copy = zmq_msg_t()
    zmq_msg_init(&copy)
    zmq_msg_copy(&copy, &message)
    while zmq_msg_send(&copy, socket, ZMQ_DONTWAIT) < 0 {
      guard zmq_errno() == EINTR else {
        zmq_msg_close(&copy)
        return
      }
    }
  }
}
