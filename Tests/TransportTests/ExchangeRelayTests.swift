import Messages
import Testing
import Transport

@Suite struct ExchangeRelayTests {
  private func dealer(
    _ incarnation: Incarnation, _ relay: ExchangeRelay, _ context: ZeroMQContext
  ) throws -> ZeroMQSocket {
    let dealer = try ZeroMQSocket(.dealer, in: context)
    dealer.bound(messageBytes: 64 << 20, queued: 1_000)
    dealer.set(5, ExchangeRelay.identity(of: incarnation))  // ZMQ_ROUTING_ID
    try dealer.connect(relay.address)
    return dealer
  }

  private func receive(_ socket: ZeroMQSocket) throws -> [[UInt8]] {
    var poller = Poller()
    poller.add(socket)
    poller.wait(milliseconds: 20_000)
    return try #require(socket.receive()?.frames)
  }

  @Test func `carries frames in order and stamps the sender`() throws {
    let context = try ZeroMQContext()
    let relay = try ExchangeRelay(
      address: "tcp://127.0.0.1:0", in: context, security: .insecure, heldBytesMax: 4 << 20)
    defer { relay.stop() }
    let (a, b) = (Incarnation(11), Incarnation(12))
    let (from, to) = (try dealer(a, relay, context), try dealer(b, relay, context))
    // Until the relay knows both, frames to the other are dropped: each first speaks to itself.
    for (socket, own) in [(from, a), (to, b)] {
      #expect(socket.send([ExchangeRelay.identity(of: own), [1], [2]]) == .sent)
      #expect(try receive(socket) == [ExchangeRelay.identity(of: own), [1], [2]])
    }
    // More than may wait in the relay, so that it must stop reading and go on later.
    let payload = [UInt8](repeating: 3, count: 256 << 10)
    var sent = 0
    var received = 0
    while received < 64 {
      if sent < 64,
        from.send([ExchangeRelay.identity(of: b), [UInt8(sent)], payload]) == .sent
      {
        sent += 1
        continue
      }
      let frames = try receive(to)
      #expect(frames == [ExchangeRelay.identity(of: a), [UInt8(received)], payload])
      received += 1
    }
    #expect(ExchangeRelay.incarnation(of: ExchangeRelay.identity(of: a)) == a)
    // A frame to nobody, or without a header, disturbs nobody.
    #expect(from.send([ExchangeRelay.identity(of: Incarnation(99)), [1], [2]]) == .sent)
    #expect(from.send([[1]]) == .sent)
    #expect(from.send([ExchangeRelay.identity(of: b), [9], [9]]) == .sent)
    #expect(try receive(to) == [ExchangeRelay.identity(of: a), [9], [9]])
  }
}
