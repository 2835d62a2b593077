import Collectives
import Tensors

/// Payloads of one generation on their way in, put together piece by piece by the endpoint's thread
/// and taken by whoever awaits them.
final class ExchangeInbox: Sendable {
  private typealias Arrivals = Reassembly<PeerPayload>

  private let monitor = Monitor()
  private nonisolated(unsafe) var arrivals = Arrivals()  // guarded by monitor

  func add(_ frame: ExchangeFrame, _ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == frame.length else { return }
    let piece = Arrivals.Piece(offset: frame.offset, length: frame.length, total: frame.total)
    monitor.withLock {
      let payload = arrivals.add(
        piece, of: Arrivals.Key(call: frame.call, sender: frame.sender)
      ) {
        PeerPayload(
          head: frame.head, body: frame.total > 0 ? Storage(byteCount: frame.total) : nil)
      }
      guard let payload else { return }
      if let body = payload.body, let base = bytes.baseAddress {
        (body.pointer + frame.offset).copyMemory(from: base, byteCount: bytes.count)
      }
      if piece.isLast { monitor.wakeAll() }
    }
  }

  func open() { monitor.withLock { arrivals.open() } }

  func end() {
    monitor.withLock {
      arrivals.end()
      monitor.wakeAll()
    }
  }

  func check() throws {
    if monitor.withLock({ arrivals.hasEnded }) { throw ExchangeError.generationEnded }
  }

  /// Drops what nobody awaited in older steps.
  func drop(before serial: UInt64) { monitor.withLock { arrivals.drop(before: serial) } }

  /// Waits for a payload.
  func take(_ call: CallIdentifier, from sender: UInt64) throws -> PeerPayload {
    let key = Arrivals.Key(call: call, sender: sender)
    return try monitor.withLock {
      while true {
        if arrivals.hasEnded { throw ExchangeError.generationEnded }
        if let payload = arrivals.take(key) { return payload }
        monitor.wait()
      }
    }
  }
}
