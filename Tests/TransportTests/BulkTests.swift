import Foundation
import Messages
import Synchronization
import Testing
import Transport

private final class Store: BulkStore {
  let folder: String
  let stored = Mutex<[String]>([])
  init(_ folder: String) { self.folder = folder }

  func place(_ offer: Offer, from sender: Incarnation) throws(Failure) -> String {
    guard offer.generation >= Generation(2) else {
      throw Failure(reason: "an older generation", advice: "stop")
    }
    return "\(folder)/\(offer.job)/\(offer.name)"
  }

  func didStore(_ offer: Offer, at path: String, from sender: Incarnation) {
    stored.withLock { $0.append(offer.name) }
  }

  func find(_ fetch: Fetch) throws(Failure) -> String {
    let path = "\(folder)/\(fetch.job)/\(fetch.name)"
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(reason: "there is no file \(fetch.name)", advice: "see martlet show")
    }
    return path
  }
}

@Suite struct BulkTests {
  private struct Setting {
    let cluster: Cluster
    let store: Store
    let server: BulkServer

    init() throws {
      cluster = try Cluster()
      store = Store(cluster.folder + "/store")
      server = try BulkServer(
        address: "tcp://127.0.0.1:0", in: cluster.context, security: cluster.keys.serverSecurity,
        incarnation: freshIncarnation(), store: store)
    }

    func client() throws -> BulkClient {
      try BulkClient(
        address: server.address, in: ZeroMQContext(), security: cluster.keys.clientSecurity,
        role: .worker, incarnation: freshIncarnation())
    }

    func stop() {
      server.stop()
      cluster.stop()
    }

    func file(_ name: String, count: Int) throws -> (path: String, bytes: Data) {
      let bytes = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 9)) })
      let path = cluster.folder + "/" + name
      try bytes.write(to: URL(filePath: path))
      return (path, bytes)
    }
  }

  @Test(arguments: [0, 1, 1 << 20, 11_000_003])
  func `brings files to the store and home again`(count: Int) throws {
    let setting = try Setting()
    defer { setting.stop() }
    let (path, bytes) = try setting.file("a", count: count)
    let client = try setting.client()
    let artifact = try client.upload(path, to: "deep/er/a", of: JobID(1), in: Generation(2))
    #expect(artifact.size == UInt64(count))
    #expect(artifact.sha256 == hexadecimal(try FileHash.of(path).sha256))
    #expect(setting.store.stored.withLock { $0 } == ["deep/er/a"])
    let home = setting.cluster.folder + "/home/a"
    try client.download("deep/er/a", of: JobID(1), to: home)
    #expect(try Data(contentsOf: URL(filePath: home)) == bytes)
    let left = try FileManager.default.subpathsOfDirectory(atPath: setting.store.folder)
    #expect(!left.contains { $0.contains(".part") })
  }

  @Test func `continues an interrupted download, or begins again if the file changed`() throws {
    let setting = try Setting()
    defer { setting.stop() }
    let (path, bytes) = try setting.file("a", count: 3_000_000)
    let client = try setting.client()
    _ = try client.upload(path, to: "a", of: JobID(1), in: Generation(2))
    for part in [bytes.prefix(1_000_000), Data(repeating: 7, count: 1_000_000), bytes + bytes] {
      let home = setting.cluster.folder + "/home"
      try part.write(to: URL(filePath: home + ".part"))
      try client.download("a", of: JobID(1), to: home)
      #expect(try Data(contentsOf: URL(filePath: home)) == bytes)
    }
  }

  @Test func `passes the store's refusal on`() throws {
    let setting = try Setting()
    defer { setting.stop() }
    let (path, _) = try setting.file("a", count: 10)
    let client = try setting.client()
    #expect(
      throws: TransportError.transferFailed(
        name: "a", reason: "an older generation", advice: "stop")
    ) { try client.upload(path, to: "a", of: JobID(1), in: Generation(1)) }
    #expect(throws: TransportError.self) {
      try client.download("none", of: JobID(1), to: setting.cluster.folder + "/none")
    }
    // The client and the server still work.
    _ = try client.upload(path, to: "a", of: JobID(1), in: Generation(2))
  }

  @Test func `keeps the old file when the new one arrives damaged`() throws {
    let setting = try Setting()
    defer { setting.stop() }
    let (path, bytes) = try setting.file("a", count: 1_000)
    let client = try setting.client()
    _ = try client.upload(path, to: "a", of: JobID(1), in: Generation(2))
    let context = try ZeroMQContext()
    let dealer = try ZeroMQSocket(.dealer, in: context)
    try dealer.secure(setting.cluster.keys.clientSecurity)
    try dealer.connect(setting.server.address)
    func say(_ message: BulkMessage, _ payload: [[UInt8]] = []) {
      let head = Envelope.encode(message, from: .worker, incarnation: Incarnation(1))
      _ = dealer.send([head] + payload)
    }
    func hear() throws -> BulkMessage {
      var poller = Poller()
      poller.add(dealer)
      poller.wait(milliseconds: 20_000)
      return try Envelope(decoding: try #require(dealer.receive()?.frames.first))
        .message(BulkMessage.self)
    }
    for payload in [[UInt8](repeating: 1, count: 4), [1, 2], []] {
      say(
        .offer(
          Offer(
            transfer: TransferID(1), job: JobID(1), generation: Generation(2), name: "a", size: 4,
            sha256: [UInt8](repeating: 0, count: 32))))
      guard case .credit(let credit) = try hear() else {
        Issue.record("no credit")
        return
      }
      #expect(credit.limit == 4)
      let offset: UInt64 = payload.count == 2 ? 1 : 0
      say(.chunk(Chunk(transfer: TransferID(1), offset: offset)), [payload])
      guard case .failed = try hear() else {
        Issue.record("no failure")
        return
      }
    }
    let kept = URL(filePath: "\(setting.store.folder)/\(JobID(1))/a")
    #expect(try Data(contentsOf: kept) == bytes)
  }
}
