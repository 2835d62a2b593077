import CZeroMQ

/// One frame for many receivers: libzmq's queues hold references to it instead of copies, so that a
/// long message to a thousand peers takes the memory of one.
package final class SharedFrame: @unchecked Sendable {
  // Written by nobody after `init`; only its count of references changes, which libzmq does
  // atomically, and the source of a copy, which the one thread that sends touches.
  private var message = zmq_msg_t()

  package init(_ bytes: [UInt8]) {
    // It fails for want of memory alone.
    precondition(zmq_msg_init_size(&message, bytes.count) == 0, "SharedFrame: no memory")
    bytes.withUnsafeBytes { source in
      if let data = zmq_msg_data(&message) {
        UnsafeMutableRawBufferPointer(start: data, count: source.count).copyMemory(from: source)
      }
    }
  }

  deinit { zmq_msg_close(&message) }

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
