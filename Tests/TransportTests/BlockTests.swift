import Foundation
import Messages
import Synchronization
import Testing
import Transport

/// Serves blocks that are made of their address, as the test allows.
private final class BlockStore: BulkStore {
  struct Behaviour {
    var busy = 0
    var refusal: Failure?
    var isClosedToWorkers = false
  }

  let behaviour = Mutex(Behaviour())
  let read = Mutex(0)

  static func content(_ address: BlockAddress, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ Int(address.file) &* 7 ^ ($0 >> 8)) }
  }

  static func size(_ address: BlockAddress) -> Int { address.file == 0 ? 1 << 20 : 20_000 }

  func place(_ offer: Offer, from sender: Incarnation) throws(Failure) -> String {
    throw Failure(reason: "no")
  }

  func didStore(_ offer: Offer, at path: String, from sender: Incarnation) {}

  func find(_ fetch: Fetch) throws(Failure) -> String { throw Failure(reason: "no") }

  func objection(
    to sender: Incarnation, reading name: String?, of job: JobID
  ) -> Failure? {
    behaviour.withLock { $0.isClosedToWorkers } ? Failure(reason: "not yours") : nil
  }

  func read(_ request: ReadBlocks) throws(Failure) -> BlockBytes {
    let failure: Failure? = behaviour.withLock { behaviour in
      if behaviour.busy > 0 {
        behaviour.busy -= 1
        var failure = Failure(reason: "later")
        failure.isPassing = true
        return failure
      }
      return behaviour.refusal
    }
    if let failure { throw failure }
    read.withLock { $0 += request.addresses.count }
    return BlockBytes(byteCounts: request.addresses.map(Self.size)) { number, place in
      let address = request.addresses[number]
      place.copyBytes(from: Self.content(address, count: place.count))
      return UInt64(address.file)
    }
  }
}

@Suite struct BlockTests {
  private struct Setting {
    let cluster: Cluster
    let store = BlockStore()
    let server: BulkServer

    init() throws {
      cluster = try Cluster()
      server = try Self.server(cluster, store, "tcp://127.0.0.1:0")
    }

    static func server(
      _ cluster: Cluster, _ store: BlockStore, _ address: String
    ) throws -> BulkServer {
      try BulkServer(
        address: address, in: cluster.context, security: cluster.keys.serverSecurity,
        incarnation: freshIncarnation(), store: store)
    }

    func client() throws -> BlockClient {
      try BlockClient(
        address: server.address, in: cluster.context, security: cluster.keys.clientSecurity,
        incarnation: freshIncarnation())
    }

    func stop() {
      server.stop()
      cluster.stop()
    }
  }

  private typealias Answers = Heard<(BlockAddress, BlockReceiver.Answer)>

  private func ask(
    _ client: BlockClient, _ addresses: [BlockAddress], listing: [UInt8]? = nil
  ) -> Answers {
    let answers = Answers()
    let receiver = BlockReceiver(
      job: JobID(1), listing: listing ?? [UInt8](repeating: 1, count: 32)
    ) { deliveries in
      for delivery in deliveries { answers.add((delivery.address, delivery.answer)) }
    }
    client.request(
      addresses.map { address in
        BlockRequest(
          to: receiver, address: address, byteCount: BlockStore.size(address),
          isUrgent: address.file % 2 == 0)
      })
    return answers
  }

  /// Whether the block arrives as it is in the store.
  private func arrives(_ address: BlockAddress, _ answers: Answers) -> Bool {
    answers.first { answer -> Bool? in
      guard answer.0 == address, case .bytes(let bytes, let hash) = answer.1 else { return nil }
      return bytes == BlockStore.content(address, count: BlockStore.size(address))
        && hash == UInt64(address.file)
    } ?? false
  }

  private func addresses(_ count: Int) -> [BlockAddress] {
    (0..<count).map {
      BlockAddress(file: UInt32($0 % 3 == 0 ? 0 : $0), block: UInt32($0))
    }
  }

  @Test func `brings large and small blocks, many at once`() throws {
    let setting = try Setting()
    defer { setting.stop() }
    let client = try setting.client()
    defer { client.stop() }
    let all = addresses(300)
    let answers = ask(client, all)
    for address in all { #expect(arrives(address, answers)) }
    #expect(setting.store.read.withLock { $0 } == 300, "nothing is read twice")
  }

  @Test func `asks a busy coordinator again, and hands a refusal on`() throws {
    let setting = try Setting()
    defer { setting.stop() }
    let client = try setting.client()
    defer { client.stop() }
    setting.store.behaviour.withLock { $0.busy = 2 }
    let all = addresses(5)
    let answers = ask(client, all)
    for address in all { #expect(arrives(address, answers)) }
    setting.store.behaviour.withLock { $0.refusal = Failure(reason: "gone", advice: "look") }
    let refused = ask(client, [BlockAddress(file: 5, block: 0)])
    #expect(
      refused.first { answer -> Failure? in
        if case .refused(let failure) = answer.1 { failure } else { nil }
      } == Failure(reason: "gone", advice: "look"))
    setting.store.behaviour.withLock {
      $0.refusal = nil
      $0.isClosedToWorkers = true
    }
    let foreign = ask(client, [BlockAddress(file: 5, block: 0)])
    #expect(
      foreign.first { answer -> String? in
        if case .refused(let failure) = answer.1 { failure.reason } else { nil }
      } == "not yours")
  }

  @Test func `goes on when the coordinator has restarted`() throws {
    let setting = try Setting()
    defer { setting.cluster.stop() }
    let client = try setting.client()
    defer { client.stop() }
    #expect(
      arrives(BlockAddress(file: 1, block: 0), ask(client, [BlockAddress(file: 1, block: 0)])))
    setting.server.stop()
    let all = addresses(40)
    let answers = ask(client, all)
    var restarted: BulkServer?
    while restarted == nil {
      // The system takes a moment to give the port back.
      do {
        restarted = try Setting.server(setting.cluster, setting.store, setting.server.address)
      } catch TransportError.addressInUse { sched_yield() }
    }
    let again = try #require(restarted)
    defer { again.stop() }
    for address in all { #expect(arrives(address, answers)) }
  }
}
