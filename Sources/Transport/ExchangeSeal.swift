// Frames between hosts are sealed: encrypted and authenticated for one receiver, once.

import Collectives
import CSodium
import Messages
import Synchronization
import Tensors

/// Seals what this process sends to the members of one generation, and opens what they send.
///
/// A sealed message has two parts, like a plain one. The first is
///
/// | bytes | |
/// |---|---|
/// | 8 | counter, little-endian |
/// | 16 | tag of the piece |
/// | 96 | fixed part of the header |
/// | n | head, encrypted |
/// | 16 | tag of the head, and of all that stands before it |
///
/// the second the encrypted piece. Used by the endpoint's thread alone.
package final class ExchangeSeal: @unchecked Sendable {
  /// What a sealed header has before the fixed part, and after the head.
  static let prefixBytes = 8 + SealingKey.tagBytes
  static let overheadBytes = prefixBytes + SealingKey.tagBytes

  /// Small, so that a piece is sealed while the one before it travels and is opened.
  static let pieceBytesMax = 256 << 10

  private struct Inward {
    let key: SealingKey
    var last: UInt64 = 0
  }

  private let own: UInt64
  private let outward: [UInt64: SealingKey]  // by incarnation, as the next
  private var inward: [UInt64: Inward]

  /// `members`: Incarnations of all members.
  ///
  /// Precondition: The key has 32 bytes.
  package init(
    job: JobID, generation: Generation, own: Incarnation, members: [Incarnation],
    cipher: ExchangeCipher, key: [UInt8]
  ) {
    self.own = own.number
    func direction(_ sender: Incarnation, _ receiver: Incarnation) -> SealingKey {
      SealingKey(
        cipher: cipher, generationKey: key, job: job, generation: generation, sender: sender,
        receiver: receiver)
    }
    var (outward, inward) = ([UInt64: SealingKey](), [UInt64: Inward]())
    for member in members {
      outward[member.number] = direction(own, member)
      inward[member.number] = Inward(key: direction(member, own))
    }
    (self.outward, self.inward) = (outward, inward)
  }

  /// The two parts of a message.
  ///
  /// `counter`: From 1; greater than in every message that this process sealed before, in whatever
  /// generation. So no nonce comes twice, even if a coordinator handed out a key twice.
  ///
  /// Returns: nil when the receiver is no member.
  package func seal(
    _ frame: ExchangeFrame, _ piece: UnsafeRawBufferPointer, counter: UInt64
  ) -> (header: [UInt8], piece: Storage)? {
    guard let key = outward[frame.receiver] else { return nil }
    let sealed = Storage(byteCount: piece.count)
    let plain = frame.encoded()
    let fixed = Self.prefixBytes + ExchangeFrame.fixedBytes
    let header = [UInt8](unsafeUninitializedCapacity: plain.count + Self.overheadBytes) {
      buffer, count in
      count = plain.count + Self.overheadBytes
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      bytes.storeBytes(of: counter.littleEndian, as: UInt64.self)
      bytes[Self.prefixBytes...].copyBytes(from: plain)
      key.seal(
        piece, into: sealed.pointer, tag: UnsafeMutableRawBufferPointer(rebasing: bytes[8..<24]),
        counter: counter, part: .piece, with: UnsafeRawBufferPointer(start: nil, count: 0))
      let end = count - SealingKey.tagBytes
      let head = UnsafeMutableRawBufferPointer(rebasing: bytes[fixed..<end])
      key.seal(
        UnsafeRawBufferPointer(head), into: bytes.baseAddress.map { $0 + fixed },
        tag: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]), counter: counter,
        part: .head, with: UnsafeRawBufferPointer(rebasing: bytes[..<fixed]))
    }
    return (header, sealed)
  }

  /// Decrypts both parts where they lie.
  ///
  /// Returns: The bytes of a plain header, within `header`; nil for a message that no member sealed
  /// for this process in this generation, or that came before.
  package func open(
    _ header: UnsafeMutableRawBufferPointer, _ piece: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    let fixed = Self.prefixBytes + ExchangeFrame.fixedBytes
    guard header.count >= fixed + SealingKey.tagBytes,
      let route = ExchangeFrame.Route(
        UnsafeRawBufferPointer(rebasing: header[Self.prefixBytes...])),
      route.receiver == own, let direction = inward[route.sender]
    else { return nil }
    let counter = UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
    let end = header.count - SealingKey.tagBytes
    guard counter > direction.last,
      direction.key.open(
        UnsafeMutableRawBufferPointer(rebasing: header[fixed..<end]),
        tag: UnsafeRawBufferPointer(rebasing: header[end...]), counter: counter, part: .head,
        with: UnsafeRawBufferPointer(rebasing: header[..<fixed])),
      direction.key.open(
        piece, tag: UnsafeRawBufferPointer(rebasing: header[8..<Self.prefixBytes]),
        counter: counter, part: .piece, with: UnsafeRawBufferPointer(start: nil, count: 0))
    else { return nil }
    inward[route.sender]?.last = counter
    return UnsafeRawBufferPointer(rebasing: header[Self.prefixBytes..<end])
  }
}

/// How the open generation's frames come from other hosts.
final class ExchangeProtections: Sendable {
  enum Current: Sendable {
    case plain
    case sealed(ExchangeSeal)
  }

  private struct State {
    var job: UInt64 = 0
    var generation: UInt64 = 0
    var current: Current?
  }

  private let state = Mutex(State())

  /// A process is in one generation at a time; this one replaces the one before.
  func open(
    job: JobID, generation: Generation, members: [ExchangeMember], own: Incarnation,
    _ protection: ExchangeProtection
  ) {
    let current: Current =
      switch protection {
      case .plain: .plain
      case .sealed(let cipher, let key):
        .sealed(
          ExchangeSeal(
            job: job, generation: generation, own: own, members: members.map(\.incarnation),
            cipher: cipher, key: key))
      }
    state.withLock {
      $0 = State(job: job.number, generation: generation.number, current: current)
    }
  }

  /// nil for every generation but the open one. Nobody sends before all members have said that
  /// they are ready, so no frame from another host comes before its generation is open here.
  func current(job: UInt64, generation: UInt64) -> Current? {
    state.withLock { $0.job == job && $0.generation == generation ? $0.current : nil }
  }
}
