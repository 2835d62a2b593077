import Foundation
import Testing
import Transport

@Suite struct KeyGuardTests {
  /// Two workers make a generation's links at their own pace: one may knock before the other has
  /// heard of it, also when a connection comes back that broke long ago.
  @Test func `who knocks before being known is let in later`() throws {
    let context = try ZeroMQContext()
    let (server, client) = (try KeyPair.generate(), try KeyPair.generate())
    let keyGuard = try KeyGuard(in: context, admitting: [], changes: true)
    defer { keyGuard.stop() }
    let router = try ZeroMQSocket(.router, in: context)
    try router.secure(.curve(server))
    router.bound(messageBytes: 1_000, queued: 10)
    let monitor = try ConnectionMonitor(of: router, in: context)
    let address = try router.bind("tcp://127.0.0.1:*")
    let dealer = try ZeroMQSocket(.dealer, in: context)
    try dealer.secure(.curve(own: client, serverKey: server.publicKey))
    dealer.bound(messageBytes: 1_000, queued: 10)
    try dealer.connect(address)
    #expect(dealer.send([[7]]) == .sent)

    var poller = Poller()
    poller.add(monitor.socket)
    poller.wait(milliseconds: 20_000)
    #expect(monitor.next() == .denied)
    keyGuard.admit([client.publicKey])
    var waiting = Poller()
    waiting.add(router)
    waiting.wait(milliseconds: 20_000)
    #expect(router.receive()?.frames.last == [7])
  }
}
