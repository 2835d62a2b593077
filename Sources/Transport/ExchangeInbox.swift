import Collectives
import Tensors

/// Payloads of one generation on their way in, put together piece by piece by the endpoint's thread
/// and taken by whoever awaits them.
final class ExchangeInbox: Sendable {
  private struct Key: Hashable {
    let call: CallIdentifier
    let sender: UInt64
  }

  private struct Parcel {
    let head: [UInt8]
    let body: Storage?
    let replicas: Range<Int>
    let state: UInt64
    var received = 0
    let total: Int
  }

  /// What may lie here before the generation is open on this side.
  private static let heldBytesMax = 512 << 20

  private let monitor = Monitor()
  private nonisolated(unsafe) var parcels: [Key: Parcel] = [:]  // guarded by monitor, as below
  private nonisolated(unsafe) var hasEnded = false
  private nonisolated(unsafe) var isOpen = false
  private nonisolated(unsafe) var heldBytes = 0
  private nonisolated(unsafe) var pieces: UInt64 = 0
  /// Those from whom each call under way still awaits a payload; some may just have come.
  private nonisolated(unsafe) var awaited: [CallIdentifier: ArraySlice<UInt64>] = [:]

  /// Adds a piece. The first payload of a call counts: pieces of another are dropped, and so are
  /// pieces out of order, which only a faulty peer sends.
  func add(_ frame: ExchangeFrame, _ piece: UnsafeRawBufferPointer) {
    monitor.withLock {
      guard !hasEnded else { return }
      let key = Key(call: frame.call, sender: frame.sender)
      if frame.offset == 0, parcels[key] == nil {
        if !isOpen {
          heldBytes += frame.total
          guard heldBytes <= Self.heldBytesMax else {
            hasEnded = true  // cannot be completed any more; opening it ends at once
            return
          }
        }
        parcels[key] = Parcel(
          head: frame.head, body: frame.total > 0 ? Storage(byteCount: frame.total) : nil,
          replicas: frame.replicas, state: frame.state, total: frame.total)
      }
      guard let parcel = parcels[key], parcel.received == frame.offset,
        parcel.total == frame.total, piece.count == frame.length
      else { return }
      if let body = parcel.body, let base = piece.baseAddress {
        (body.pointer + frame.offset).copyMemory(from: base, byteCount: piece.count)
      }
      parcels[key]?.received += frame.length
      pieces += 1
      if frame.offset + frame.length == frame.total { monitor.wakeAll() }
    }
  }

  func open() { monitor.withLock { isOpen = true } }

  func end() {
    monitor.withLock {
      hasEnded = true
      parcels = [:]
      monitor.wakeAll()
    }
  }

  func check() throws {
    if monitor.withLock({ hasEnded }) { throw ExchangeError.generationEnded }
  }

  /// Drops what nobody awaited in older steps.
  func drop(before serial: UInt64) {
    monitor.withLock {
      if parcels.contains(where: { $0.key.call.serial < serial }) {
        parcels = parcels.filter { $0.key.call.serial >= serial }
      }
    }
  }

  /// How many pieces have come.
  var pieceCount: UInt64 { monitor.withLock { pieces } }

  /// Those from whom somebody here awaits a payload that is not there.
  var missing: Set<UInt64> {
    monitor.withLock {
      var senders: Set<UInt64> = []
      for (call, sources) in awaited {
        for sender in sources where !isComplete(Key(call: call, sender: sender)) {
          senders.insert(sender)
        }
      }
      return senders
    }
  }

  /// Only under the monitor.
  private func isComplete(_ key: Key) -> Bool {
    parcels[key].map { $0.received == $0.total } ?? false
  }

  /// Waits for a payload of each sender; returns them in the senders' order.
  ///
  /// `state`: What their frames must carry.
  ///
  /// Throws: `ExchangeError.generationEnded`, `.stateDiffers`.
  func take(
    _ call: CallIdentifier, from senders: [UInt64], state: UInt64 = 0
  ) throws -> [PeerPayload] {
    try monitor.withLock {
      defer { awaited[call] = nil }
      var payloads: [PeerPayload] = []
      for (index, sender) in senders.enumerated() {
        let key = Key(call: call, sender: sender)
        while !hasEnded, !isComplete(key) {
          awaited[call] = senders[index...]
          monitor.wait()
        }
        guard !hasEnded, let parcel = parcels.removeValue(forKey: key) else {
          throw ExchangeError.generationEnded
        }
        guard parcel.state == state else {
          throw ExchangeError.stateDiffers(replica: parcel.replicas.lowerBound)
        }
        payloads.append(PeerPayload(head: parcel.head, body: parcel.body))
      }
      return payloads
    }
  }
}
