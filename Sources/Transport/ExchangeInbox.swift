import Collectives
import Tensors

/// Payloads of one generation on their way in, put together piece by piece by the endpoint's thread
/// and taken by whoever awaits them.
package final class ExchangeInbox: Sendable {
  private struct Key: Hashable {
    let call: CallIdentifier
    let sender: UInt64
  }

  private struct Parcel {
    let head: [UInt8]
    var body: Storage?
    let replicas: Range<Int>
    var received = 0
    let total: Int

    /// Makes room for the bytes up to `end`: what a header announces is not believed at once.
    mutating func grow(to end: Int) {
      guard let body, end > body.byteCount else { return }
      let larger = Storage(byteCount: min(total, max(end, 2 * body.byteCount)))
      larger.copyBytes(from: body, 0..<received, to: 0)
      self.body = larger
    }
  }

  /// What may lie here before the generation is open on this side, and once it is: bytes of heads
  /// and bodies.
  private static let earlyBytesMax = 512 << 20
  private static let heldBytesMax = 16 << 30
  private static let parcelsMax = 1 << 16
  /// What a first piece makes room for.
  private static let promptBytesMax = 64 << 20

  private let monitor = Monitor()
  private nonisolated(unsafe) var parcels: [Key: Parcel] = [:]  // guarded by monitor, as below
  private nonisolated(unsafe) var hasEnded = false
  private nonisolated(unsafe) var isOpen = false
  private nonisolated(unsafe) var heldBytes = 0

  /// Adds a piece. The first payload of a call counts: pieces of another are dropped, and so are
  /// pieces out of order, which only a faulty peer sends.
  /// Beyond the bounds pieces are dropped too: only a hostile peer sends so much that nobody awaits.
  package func add(_ frame: ExchangeFrame, _ piece: UnsafeRawBufferPointer) {
    monitor.withLock {
      guard !hasEnded, piece.count == frame.length else { return }
      let key = Key(call: frame.call, sender: frame.sender)
      guard parcels.count < Self.parcelsMax || parcels[key] != nil,
        heldBytes + frame.head.count + piece.count
          <= (isOpen ? Self.heldBytesMax : Self.earlyBytesMax)
      else {
        // What came early cannot be completed any more; opening it ends at once.
        if !isOpen { (hasEnded, parcels, heldBytes) = (true, [:], 0) }
        return
      }
      if frame.offset == 0, parcels[key] == nil {
        let prompt = min(frame.total, Self.promptBytesMax)
        parcels[key] = Parcel(
          head: frame.head, body: prompt > 0 ? Storage(byteCount: prompt) : nil,
          replicas: frame.replicas, total: frame.total)
        heldBytes += frame.head.count
      }
      guard var parcel = parcels[key], parcel.received == frame.offset,
        parcel.total == frame.total
      else { return }
      parcel.grow(to: frame.offset + piece.count)
      if let body = parcel.body, let base = piece.baseAddress {
        (body.pointer + frame.offset).copyMemory(from: base, byteCount: piece.count)
      }
      parcel.received += piece.count
      heldBytes += piece.count
      parcels[key] = parcel
      if parcel.received == parcel.total { monitor.wakeAll() }
    }
  }

  package init() {}

  package func open() { monitor.withLock { isOpen = true } }

  func end() {
    monitor.withLock {
      (hasEnded, parcels, heldBytes) = (true, [:], 0)
      monitor.wakeAll()
    }
  }

  func check() throws {
    if monitor.withLock({ hasEnded }) { throw ExchangeError.generationEnded }
  }

  /// Drops what nobody awaited in older steps.
  package func drop(before serial: UInt64) {
    monitor.withLock {
      for (key, parcel) in parcels where key.call.serial < serial {
        parcels[key] = nil
        heldBytes -= parcel.head.count + parcel.received
      }
    }
  }

  /// Waits for a payload.
  package func take(_ call: CallIdentifier, from sender: UInt64) throws -> PeerPayload {
    let key = Key(call: call, sender: sender)
    return try monitor.withLock {
      while true {
        if hasEnded { throw ExchangeError.generationEnded }
        if let parcel = parcels[key], parcel.received == parcel.total {
          parcels[key] = nil
          heldBytes -= parcel.head.count + parcel.received
          return PeerPayload(head: parcel.head, body: parcel.body)
        }
        monitor.wait()
      }
    }
  }
}
