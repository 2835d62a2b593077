/// What of a generation's payloads has arrived, piece by piece, until somebody takes it.
///
/// Decisions only: where the bytes lie is the caller's affair (`Contents`), and so is waiting. The
/// first payload of a call counts: pieces of another are dropped, and so are pieces out of order,
/// which only a faulty peer sends. Payloads of steps that have not begun here are held.
package struct Reassembly<Contents> {
  /// One payload: the message of one sender in one call.
  package struct Key: Hashable, Sendable {
    package let call: CallIdentifier
    /// The sender's incarnation.
    package let sender: UInt64

    package init(call: CallIdentifier, sender: UInt64) {
      self.call = call
      self.sender = sender
    }
  }

  /// A part of a payload, in bytes; the only piece of an empty payload is empty.
  package struct Piece: Hashable, Sendable {
    package let offset: Int
    package let length: Int
    /// Of the whole payload.
    package let total: Int

    package init(offset: Int, length: Int, total: Int) {
      (self.offset, self.length, self.total) = (offset, length, total)
    }

    package var isLast: Bool { offset + length == total }
  }

  /// What may lie here, in bytes of heads and bodies and in payloads. Only a hostile or a faulty peer
  /// sends so much that nobody awaits.
  package struct Bounds: Hashable, Sendable {
    /// Before the generation is open on this side.
    package var earlyBytesMax = 512 << 20
    package var bytesMax = 16 << 30
    package var payloadsMax = 1 << 16

    package init() {}
  }

  private struct Parcel {
    let contents: Contents
    let headBytes: Int
    var received = 0
    let total: Int
  }

  private let bounds: Bounds
  private var parcels: [Key: Parcel] = [:]
  private var isOpen = false
  private var heldBytes = 0
  package private(set) var hasEnded = false

  package init(bounds: Bounds = Bounds()) { self.bounds = bounds }

  /// Payloads that lie here, complete or not.
  package var count: Int { parcels.count }

  /// Takes note of a piece. `contents`: makes room for a payload that begins with it.
  ///
  /// Returns: the contents that the piece belongs into; `nil` if it is to be dropped.
  package mutating func add(
    _ piece: Piece, of key: Key, headBytes: Int = 0, contents: () -> Contents
  ) -> Contents? {
    guard !hasEnded else { return nil }
    guard parcels[key] != nil || parcels.count < bounds.payloadsMax,
      heldBytes + headBytes + piece.length <= (isOpen ? bounds.bytesMax : bounds.earlyBytesMax)
    else {
      if !isOpen { end() }  // cannot be completed any more; opening it ends at once
      return nil
    }
    if piece.offset == 0, parcels[key] == nil {
      parcels[key] = Parcel(contents: contents(), headBytes: headBytes, total: piece.total)
      heldBytes += headBytes
    }
    guard let parcel = parcels[key], parcel.received == piece.offset, parcel.total == piece.total
    else { return nil }
    parcels[key]?.received += piece.length
    heldBytes += piece.length
    return parcel.contents
  }

  /// The generation is open on this side: from now on its senders' credits bound what they send.
  package mutating func open() { isOpen = true }

  /// Nothing is taken in or given out any more.
  package mutating func end() {
    hasEnded = true
    parcels = [:]
    heldBytes = 0
  }

  /// Drops what nobody awaited in older steps.
  package mutating func drop(before serial: UInt64) {
    let old = parcels.filter { $0.key.call.serial < serial }
    for (key, parcel) in old {
      parcels[key] = nil
      heldBytes -= parcel.headBytes + parcel.received
    }
  }

  package func isComplete(_ key: Key) -> Bool {
    parcels[key].map { $0.received == $0.total } ?? false
  }

  /// Gives out a payload once it is complete.
  package mutating func take(_ key: Key) -> Contents? {
    guard isComplete(key), let parcel = parcels.removeValue(forKey: key) else { return nil }
    heldBytes -= parcel.headBytes + parcel.received
    return parcel.contents
  }
}
