import CZeroMQ
import Collectives
import Glibc
import Messages
import Tensors

/// The endpoint's thread: receives into inboxes, sends what it is given.
final class ExchangeLoop {
  private let context: ZeroMQContext
  private let incarnation: Incarnation
  private let local: ZeroMQSocket
  private let network: ZeroMQSocket
  private let host: String
  private let inboxes: ExchangeInboxes
  private let protections: ExchangeProtections
  /// Counts sealed messages over all generations; see `ExchangeSeal.seal`.
  private var sealed: UInt64 = 0
  private var refusals: Refusals
  private var peers: [String: ZeroMQSocket] = [:]  // by address
  private var hubs: [String: ZeroMQSocket] = [:]

  init(
    context: ZeroMQContext, incarnation: Incarnation, local: ZeroMQSocket, network: ZeroMQSocket,
    host: String, inboxes: ExchangeInboxes, protections: ExchangeProtections,
    note: @escaping @Sendable (String) -> Void
  ) {
    (self.context, self.incarnation, self.host) = (context, incarnation, host)
    (self.local, self.network) = (local, network)
    (self.inboxes, self.protections) = (inboxes, protections)
    refusals = Refusals(note: note)
  }

  func run(_ mailbox: Mailbox<ExchangeCommand>) {
    while true {
      for command in mailbox.takeAll() {
        switch command {
        case .stop: return
        case .send(let frame, let payload, let address, let route):
          send(frame, payload, to: address, route)
        case .forget(let address):
          for way in [address.local, address.network] { peers[way] = nil }
        }
      }
      let sources = [local, network] + hubs.keys.sorted().compactMap { hubs[$0] }
      var didReceive = false
      for socket in sources {
        for _ in 0..<64 where receive(socket) { didReceive = true }
      }
      if didReceive { continue }
      var poller = Poller()
      poller.add(descriptor: mailbox.descriptor)
      for socket in sources { poller.add(socket) }
      poller.wait(milliseconds: -1)
    }
  }

  private func socket(
    to address: ExchangeAddress, _ route: ExchangeRoute
  ) throws(TransportError) -> ZeroMQSocket {
    switch route {
    case .hub(let hub, let security):
      if let socket = hubs[hub] { return socket }
      let socket = try ZeroMQSocket(.dealer, in: context)
      try socket.secure(security)
      socket.bound(messageBytes: ExchangeFrame.headBytesMax + 1024, queued: 0)
      socket.set(ZMQ_IDENTITY, ExchangeRelay.freshRoute(of: incarnation))
      try socket.connect(hub)
      hubs[hub] = socket
      return socket
    case .direct where isLocal(address, route): return try peer(address.local, nil)
    case .direct, .network: return try peer(address.network, address.password)
    }
  }

  /// Whether frames stay within the host, where file rights guard them.
  private func isLocal(_ address: ExchangeAddress, _ route: ExchangeRoute) -> Bool {
    if case .direct = route { address.host == host } else { false }
  }

  private func peer(
    _ address: String, _ password: [UInt8]?
  ) throws(TransportError) -> ZeroMQSocket {
    if let socket = peers[address] { return socket }
    let socket = try ZeroMQSocket(.dealer, in: context)
    if let password { ExchangeGuard.show(password, at: socket) }
    socket.bound(messageBytes: ExchangeFrame.headBytesMax + 1024, queued: 0)
    try socket.connect(address)
    peers[address] = socket
    return socket
  }

  /// A message that cannot be sent is lost; the peer's silence then ends the generation.
  private func send(
    _ frame: ExchangeFrame, _ payload: PeerPayload, to address: ExchangeAddress,
    _ route: ExchangeRoute
  ) {
    guard let socket = try? socket(to: address, route),
      let protection = isLocal(address, route)
        ? .plain : protections.current(job: frame.job, generation: frame.generation)
    else { return }
    var frame = frame
    var pieceBytesMax = ExchangeFrame.pieceBytesMax
    if case .sealed = protection { pieceBytesMax = ExchangeSeal.pieceBytesMax }
    repeat {
      frame.length = min(pieceBytesMax, frame.total - frame.offset)
      let start = payload.bodyRange.lowerBound + frame.offset
      var (header, body, range) = ([UInt8](), payload.body, start..<start + frame.length)
      switch protection {
      case .plain: header = frame.encoded()
      case .sealed(let seal):
        sealed += 1
        let piece = UnsafeRawBufferPointer(
          start: body.map { $0.pointer + start }, count: range.count)
        guard let message = seal.seal(frame, piece, counter: sealed) else { return }
        (header, body, range) = (message.header, message.piece, 0..<range.count)
      }
      var first: [[UInt8]] = []
      if case .hub = route { first = [ExchangeRelay.identity(of: Incarnation(frame.receiver))] }
      for part in first + [header] {
        guard zmq_send(socket.pointer, part, part.count, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 else {
          return
        }
      }
      sendPiece(socket, body, range)
      frame.offset += frame.length
      frame.head = []
    } while frame.offset < frame.total
  }

  /// Large pieces are not copied: libzmq's thread releases the storage when they are written.
  private func sendPiece(_ socket: ZeroMQSocket, _ body: Storage?, _ range: Range<Int>) {
    guard let body, range.count > 8192 else {
      let base = body.map { $0.pointer + range.lowerBound }
      zmq_send(socket.pointer, base, range.count, ZMQ_DONTWAIT)
      return
    }
    var message = zmq_msg_t()
    let hint = Unmanaged.passRetained(body).toOpaque()
    zmq_msg_init_data(
      &message, body.pointer + range.lowerBound, range.count,
      { _, hint in if let hint { Unmanaged<Storage>.fromOpaque(hint).release() } }, hint)
    if zmq_msg_send(&message, socket.pointer, ZMQ_DONTWAIT) < 0 { zmq_msg_close(&message) }
  }

  /// One message [sender][header][piece]; false if none was there. Anything else is dropped.
  private func receive(_ socket: ZeroMQSocket) -> Bool {
    var parts = [zmq_msg_t](repeating: zmq_msg_t(), count: 3)
    var count = 0
    defer { for index in 0..<min(count, 3) { zmq_msg_close(&parts[index]) } }
    while true {
      var message = zmq_msg_t()
      zmq_msg_init(&message)
      guard zmq_msg_recv(&message, socket.pointer, ZMQ_DONTWAIT) >= 0 else {
        zmq_msg_close(&message)
        return false
      }
      let hasMore = zmq_msg_more(&message) != 0
      if count < 3 {
        zmq_msg_init(&parts[count])
        zmq_msg_move(&parts[count], &message)
      }
      zmq_msg_close(&message)
      count += 1
      if !hasMore { break }
    }
    guard count == 3 else { return true }
    func bytes(_ index: Int) -> UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(
        start: zmq_msg_data(&parts[index]), count: zmq_msg_size(&parts[index]))
    }
    guard let header = header(bytes(1), bytes(2), isLocal: socket === local),
      let frame = ExchangeFrame(header), frame.receiver == incarnation.number,
      let inbox = inboxes.inbox(job: frame.job, generation: frame.generation)
    else { return true }
    inbox.add(frame, UnsafeRawBufferPointer(bytes(2)))
    return true
  }

  /// The bytes of a header that may be believed, the piece being decrypted if it was sealed.
  private func header(
    _ header: UnsafeMutableRawBufferPointer, _ piece: UnsafeMutableRawBufferPointer, isLocal: Bool
  ) -> UnsafeRawBufferPointer? {
    if isLocal { return UnsafeRawBufferPointer(header) }
    /// How the generation that a header at `start` names is protected.
    func protection(at start: Int) -> ExchangeProtections.Current? {
      guard header.count >= start,
        let route = ExchangeFrame.Route(UnsafeRawBufferPointer(rebasing: header[start...]))
      else { return nil }
      return protections.current(job: route.job, generation: route.generation)
    }
    switch (protection(at: 0), protection(at: ExchangeSeal.prefixBytes)) {
    case (.plain, _): return UnsafeRawBufferPointer(header)
    case (_, .sealed(let seal)):
      if let plain = seal.open(header, piece) { return plain }
      refusals.count("that no member sealed for this generation")
    case (.sealed, _): refusals.count("that were not sealed")
    default: break  // of a generation that is over, as they come after every change
    }
    return nil
  }
}
