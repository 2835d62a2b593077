import Collectives
import Messages
import Tensors
import TestSupport
import Testing
import Transport

@Suite(.serialized, .timeLimit(.minutes(2))) struct ExchangeSealTests {
  private static let ciphers = ExchangeCipher.allCases.filter {
    $0 != .aes256GCM || ExchangeCipher.hasAES
  }
  private let a = Incarnation(11)
  private let b = Incarnation(12)

  private func seal(
    _ own: Incarnation, _ cipher: ExchangeCipher, job: UInt64 = 1, generation: UInt64 = 2,
    key: UInt8 = 7
  ) -> ExchangeSeal {
    ExchangeSeal(
      job: JobID(job), generation: Generation(generation), own: own, members: [a, b],
      cipher: cipher, key: [UInt8](repeating: key, count: 32))
  }

  private func frame(_ head: [UInt8], _ count: Int, sender: UInt64 = 11) -> ExchangeFrame {
    ExchangeFrame(
      job: 1, generation: 2, sender: sender, receiver: 12,
      call: CallIdentifier(serial: 3, isBackground: false, number: 4, phase: 0), replicas: 0..<2,
      offset: 0, length: count, total: count, head: head)
  }

  /// A message on its way.
  private struct Message {
    var header: [UInt8]
    var piece: [UInt8]
  }

  private func sealed(
    by seal: ExchangeSeal, _ frame: ExchangeFrame, _ piece: [UInt8], counter: UInt64
  ) throws -> Message {
    let (header, storage) = try #require(
      piece.withUnsafeBytes { seal.seal(frame, $0, counter: counter) })
    return Message(
      header: header,
      piece: Array(UnsafeRawBufferPointer(start: storage.pointer, count: piece.count)))
  }

  private func open(
    _ message: Message, by seal: ExchangeSeal
  ) -> (frame: ExchangeFrame?, piece: [UInt8])? {
    var message = message
    let header = message.header.withUnsafeMutableBytes { header in
      message.piece.withUnsafeMutableBytes { piece in seal.open(header, piece).map(Array.init) }
    }
    return header.map { ($0.withUnsafeBytes { ExchangeFrame($0) }, message.piece) }
  }

  @Test(arguments: ciphers) func `opens what was sealed, once and in order`(
    cipher: ExchangeCipher
  ) throws {
    let (from, to) = (seal(a, cipher), seal(b, cipher))
    var counter: UInt64 = 0
    for count in [0, 1, 15, 16, 4096, 100_003] {
      for headCount in [0, 3, 500] {
        let head = (0..<headCount).map { UInt8(truncatingIfNeeded: $0) }
        let piece = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        counter += 2
        let earlier = try sealed(by: from, frame(head, count), piece, counter: counter - 1)
        let message = try sealed(by: from, frame(head, count), piece, counter: counter)
        let opened = try #require(open(message, by: to))
        #expect(opened.frame == frame(head, count))
        #expect(opened.piece == piece)
        // A replay, and one that another has overtaken.
        #expect(open(message, by: to) == nil)
        #expect(open(earlier, by: to) == nil)
        if count > 15 { #expect(message.piece != piece && earlier.piece != message.piece) }
        if headCount > 15 { #expect(!message.header.contains(head)) }
      }
    }
  }

  @Test(arguments: ciphers) func `refuses every changed byte, header and piece`(
    cipher: ExchangeCipher
  ) throws {
    let (from, to) = (seal(a, cipher), seal(b, cipher))
    let piece = (0..<64).map { UInt8($0) }
    let message = try sealed(by: from, frame([1, 2, 3], 64), piece, counter: 9)
    for bit in 0..<8 {
      for position in message.header.indices {
        var broken = message
        broken.header[position] ^= 1 << bit
        #expect(open(broken, by: to) == nil, "bit \(bit) of header byte \(position)")
      }
      for position in message.piece.indices {
        var broken = message
        broken.piece[position] ^= 1 << bit
        #expect(open(broken, by: to) == nil, "bit \(bit) of piece byte \(position)")
      }
    }
    for count in message.header.indices {
      let broken = Message(header: Array(message.header.prefix(count)), piece: message.piece)
      #expect(open(broken, by: to) == nil, "\(count) bytes of the header")
    }
    let shorter = Message(header: message.header, piece: Array(message.piece.dropLast()))
    #expect(open(shorter, by: to) == nil)
    // Another message's piece, or header, is no better.
    let other = try sealed(by: from, frame([1, 2, 3], 64), piece, counter: 10)
    #expect(open(Message(header: message.header, piece: other.piece), by: to) == nil)
    // Nothing of this spent the counter of the true one.
    #expect(open(message, by: to)?.piece == piece)
  }

  @Test(arguments: ciphers) func `is for one key, job, generation, sender and receiver`(
    cipher: ExchangeCipher
  ) throws {
    let from = seal(a, cipher)
    let message = try sealed(by: from, frame([], 8), [UInt8](repeating: 1, count: 8), counter: 1)
    for other in [
      seal(b, cipher, key: 8), seal(b, cipher, job: 2), seal(b, cipher, generation: 3),
      seal(a, cipher),
    ] { #expect(open(message, by: other) == nil) }
    for other in Self.ciphers where other != cipher {
      #expect(open(message, by: seal(b, other)) == nil)
    }
    // A member cannot speak for another, nor send back what it was sent.
    let claim = try sealed(
      by: from, frame([], 8, sender: 12), [UInt8](repeating: 1, count: 8), counter: 2)
    #expect(open(claim, by: seal(b, cipher)) == nil)
    #expect(open(message, by: seal(b, cipher)) != nil)
  }

  @Test func `the key of a generation is its own and the same after a restart`() {
    let secret = [UInt8](repeating: 3, count: 32)
    let keys = GenerationKeys(secret: secret)
    let key = keys.key(of: JobID(1), Generation(2))
    #expect(key == GenerationKeys(secret: secret).key(of: JobID(1), Generation(2)))
    #expect(key.count == 32)
    #expect(key != keys.key(of: JobID(2), Generation(1)))
    #expect(key != keys.key(of: JobID(1), Generation(3)))
    #expect(
      key
        != GenerationKeys(secret: [UInt8](repeating: 4, count: 32))
        .key(of: JobID(1), Generation(2)))
  }

  @Test(arguments: [Endpoints.Way.sealed, .chaCha])
  func `what a stranger sends is dropped before it can take the place of the true payload`(
    way: Endpoints.Way
  ) throws {
    let endpoints = try Endpoints(2, way, isGuarded: false)
    let links = try endpoints.links([0..<1, 1..<2])
    let call = CallIdentifier(serial: 1, isBackground: false, number: 0, phase: 0)
    let members = endpoints.endpoints
    // The first payload of a call counts, so these would win if they were believed.
    let forged = ExchangeFrame(
      job: 1, generation: 1, sender: members[0].incarnation.number,
      receiver: members[1].incarnation.number, call: call, replicas: 0..<1, offset: 0, length: 4,
      total: 4, head: [6, 6, 6])
    let strangers = ExchangeSeal(
      job: JobID(1), generation: Generation(1), own: members[0].incarnation,
      members: members.map(\.incarnation), cipher: .chaCha20Poly1305,
      key: [UInt8](repeating: 78, count: 32))
    let sealed = try sealed(by: strangers, forged, [6, 6, 6, 6], counter: 1_000)
    let stranger = try ZeroMQSocket(.dealer, in: endpoints.context)
    stranger.bound(messageBytes: 1 << 20, queued: 100)
    try stranger.connect(members[1].address.network)
    #expect(stranger.send([forged.encoded(), [6, 6, 6, 6]]) == .sent)
    #expect(endpoints.notes.first().contains("exchange frame"))
    for frames in [[sealed.header, sealed.piece], [[], []], [[1], [2]], [sealed.header]] {
      #expect(stranger.send(frames) == .sent)
    }
    // Told only now and then: that these were dropped shows in what the member receives.
    let truth = Tensor(repeating: 5, shape: [3])
    _ = try links[0].swap(
      call, outgoing: [1: PeerPayload(head: [5], body: truth.storage)], awaiting: [])
    let received = try #require(
      try links[1].swap(call, outgoing: [:], awaiting: [0])[0])
    #expect(received.head == [5])
    #expect(received.body?.byteCount == 12)
  }

  @Test(arguments: [[], [UInt8](repeating: 1, count: 32)])
  func `nobody without the password is let in`(password: [UInt8]) throws {
    let endpoints = try Endpoints(2, .sealed)
    let stranger = try ZeroMQSocket(.dealer, in: endpoints.context)
    stranger.bound(messageBytes: 1 << 20, queued: 100)
    if !password.isEmpty { ExchangeGuard.show(password, at: stranger) }
    let monitor = try ConnectionMonitor(of: stranger, in: endpoints.context)
    try stranger.connect(endpoints.endpoints[1].address.network)
    var event: ConnectionMonitor.Event?
    while event == nil {
      var poller = Poller()
      poller.add(monitor.socket)
      poller.wait(milliseconds: 1_000)
      event = monitor.next()
    }
    #expect(event != .established)
  }
}
