import Collectives
import Messages

/// The head of every message between workers: a fixed part, little-endian, then the collective's
/// head bytes (with the first piece of a payload only).
///
/// A payload is sent in pieces of at most `pieceBytesMax`, each a message [header][piece], in order.
package struct ExchangeFrame: Equatable, Sendable {
  static let magic: UInt32 = 0x3158_4D4D  // "MMX1"
  static let version: UInt16 = 1
  static let fixedBytes = 96
  static let pieceBytesMax = 4 << 20
  static let headBytesMax = 16 << 20
  static let payloadBytesMax = 4 << 30

  package var job: UInt64
  package var generation: UInt64
  var sender: UInt64  // incarnation, as the next
  var receiver: UInt64
  package var call: CallIdentifier
  var replicas: Range<Int>  // of the sender
  package var offset: Int
  package var length: Int  // of this piece
  package var total: Int  // of the whole payload
  /// The state that the call's step begins with at the sender; 0 outside steps.
  package var state: UInt64 = 0
  package var head: [UInt8] = []

  /// Who speaks to whom: what is looked at before a sealed frame is opened.
  struct Route {
    let job: UInt64
    let generation: UInt64
    let sender: UInt64
    let receiver: UInt64

    /// `nil` for anything that does not begin like a header.
    init?(_ bytes: UnsafeRawBufferPointer) {
      guard bytes.count >= fixedBytes,
        UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == magic
      else { return nil }
      let words = [8, 16, 24, 32].map {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self))
      }
      (job, generation, sender, receiver) = (words[0], words[1], words[2], words[3])
    }
  }

  package func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.fixedBytes + head.count)
    func put<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
    put(Self.magic)
    put(Self.version)
    put(UInt8(call.isBackground ? 1 : 0))
    put(call.phase)
    for word in [job, generation, sender, receiver, call.serial] { put(word) }
    put(call.number)
    put(UInt32(head.count))
    put(UInt32(replicas.lowerBound))
    put(UInt32(replicas.upperBound))
    for size in [offset, length, total] { put(UInt64(size)) }
    put(state)
    return bytes + head
  }

  /// `nil` for anything that is not a well-formed header: the message is dropped.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.fixedBytes else { return nil }
    func word<T: FixedWidthInteger>(_ position: Int, _: T.Type) -> T {
      T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }
    guard word(0, UInt32.self) == Self.magic, word(4, UInt16.self) == Self.version,
      bytes[6] <= 1
    else { return nil }
    job = word(8, UInt64.self)
    generation = word(16, UInt64.self)
    sender = word(24, UInt64.self)
    receiver = word(32, UInt64.self)
    call = CallIdentifier(
      serial: word(40, UInt64.self), isBackground: bytes[6] == 1,
      number: word(48, UInt32.self), phase: bytes[7])
    let headCount = Int(word(52, UInt32.self))
    let (lower, upper) = (Int(word(56, UInt32.self)), Int(word(60, UInt32.self)))
    guard headCount <= Self.headBytesMax, bytes.count == Self.fixedBytes + headCount,
      lower < upper, upper <= 1 << 20
    else { return nil }
    replicas = lower..<upper
    let sizes = [64, 72, 80].map { word($0, UInt64.self) }
    guard sizes.allSatisfy({ $0 <= UInt64(Self.payloadBytesMax) }) else { return nil }
    (offset, length, total) = (Int(sizes[0]), Int(sizes[1]), Int(sizes[2]))
    guard offset + length <= total, length <= Self.pieceBytesMax, length > 0 || total == 0,
      offset == 0 || headCount == 0
    else { return nil }
    state = word(88, UInt64.self)
    head = Array(bytes[Self.fixedBytes...])
  }

  package init(
    job: UInt64, generation: UInt64, sender: UInt64, receiver: UInt64, call: CallIdentifier,
    replicas: Range<Int>, offset: Int, length: Int, total: Int, head: [UInt8]
  ) {
    (self.job, self.generation, self.sender, self.receiver) = (job, generation, sender, receiver)
    (self.call, self.replicas, self.head) = (call, replicas, head)
    (self.offset, self.length, self.total) = (offset, length, total)
  }
}
