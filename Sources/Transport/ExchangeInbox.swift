import Collectives
import Tensors

/// Payloads of one generation on their way in, put together piece by piece by the endpoint's thread
/// and taken by whoever awaits them.
package final class ExchangeInbox: Sendable {
  private typealias Arrivals = Reassembly<Incoming>

  /// A payload and the room for what of it has come.
  private final class Incoming {
    let head: [UInt8]
    let replicas: Range<Int>
    let state: UInt64
    private(set) var body: Storage?
    private let total: Int

    /// What a header announces is not believed at once: so much room is made for a first piece.
    private static let promptBytesMax = 64 << 20

    init(_ frame: ExchangeFrame) {
      (head, replicas, state, total) = (frame.head, frame.replicas, frame.state, frame.total)
      let prompt = min(total, Self.promptBytesMax)
      body = prompt > 0 ? Storage(byteCount: prompt) : nil
    }

    func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
      let end = offset + bytes.count
      if let small = body, end > small.byteCount {
        let larger = Storage(byteCount: min(total, max(end, 2 * small.byteCount)))
        larger.copyBytes(from: small, 0..<offset, to: 0)
        body = larger
      }
      if let body, let base = bytes.baseAddress {
        (body.pointer + offset).copyMemory(from: base, byteCount: bytes.count)
      }
    }
  }

  private let monitor = Monitor()
  private nonisolated(unsafe) var arrivals = Arrivals()  // guarded by monitor, as below
  private nonisolated(unsafe) var pieces: UInt64 = 0
  /// Those from whom each call under way still awaits a payload; some may just have come.
  private nonisolated(unsafe) var awaited: [CallIdentifier: ArraySlice<UInt64>] = [:]

  package init() {}

  package func add(_ frame: ExchangeFrame, _ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == frame.length else { return }
    let piece = Arrivals.Piece(offset: frame.offset, length: frame.length, total: frame.total)
    monitor.withLock {
      let key = Arrivals.Key(call: frame.call, sender: frame.sender)
      guard
        let incoming = arrivals.add(
          piece, of: key, headBytes: frame.head.count, contents: { Incoming(frame) })
      else { return }
      incoming.put(bytes, at: frame.offset)
      pieces += 1
      if piece.isLast { monitor.wakeAll() }
    }
  }

  package func open() { monitor.withLock { arrivals.open() } }

  package func end() {
    monitor.withLock {
      arrivals.end()
      monitor.wakeAll()
    }
  }

  package func check() throws {
    if monitor.withLock({ arrivals.hasEnded }) { throw ExchangeError.generationEnded }
  }

  /// Drops what nobody awaited in older steps.
  package func drop(before serial: UInt64) { monitor.withLock { arrivals.drop(before: serial) } }

  /// How many pieces have come.
  var pieceCount: UInt64 { monitor.withLock { pieces } }

  /// Those from whom somebody here awaits a payload that is not there.
  var missing: Set<UInt64> {
    monitor.withLock {
      var senders: Set<UInt64> = []
      for (call, sources) in awaited {
        for sender in sources where !arrivals.isComplete(Arrivals.Key(call: call, sender: sender)) {
          senders.insert(sender)
        }
      }
      return senders
    }
  }

  /// Waits for a payload of each sender; returns them in the senders' order.
  ///
  /// `state`: What their frames must carry.
  ///
  /// Throws: `ExchangeError.generationEnded`, `.stateDiffers`.
  package func take(
    _ call: CallIdentifier, from senders: [UInt64], state: UInt64 = 0
  ) throws -> [PeerPayload] {
    try monitor.withLock {
      defer { awaited[call] = nil }
      var payloads: [PeerPayload] = []
      for (index, sender) in senders.enumerated() {
        let key = Arrivals.Key(call: call, sender: sender)
        while !arrivals.hasEnded, !arrivals.isComplete(key) {
          awaited[call] = senders[index...]
          monitor.wait()
        }
        guard !arrivals.hasEnded, let incoming = arrivals.take(key) else {
          throw ExchangeError.generationEnded
        }
        guard incoming.state == state else {
          throw ExchangeError.stateDiffers(replica: incoming.replicas.lowerBound)
        }
        payloads.append(PeerPayload(head: incoming.head, body: incoming.body))
      }
      return payloads
    }
  }
}
