import Cluster
import Coordination
import Data
import Foundation
import Messages
import Training
import Transport

/// Reads data that a child process serves, by each way in turn.
struct DataBench {
  enum Way: String, CaseIterable {
    /// Messages of 1 MiB from the child's memory: what the connection can move.
    case plain = "ZeroMQ alone, CURVE"
    /// A file of all bytes, in pieces of 1 MiB.
    case shards = "served, one large file"
    /// Files of 20 kB, as a folder of images has them.
    case images = "served, files of 20 kB"
    /// The large file with a cache that has nothing of it yet.
    case filling = "served, one large file, filling the cache"
    /// The same again, from the cache.
    case warm = "from the cache, one large file"
    case warmImages = "from the cache, files of 20 kB"
  }

  struct Result {
    let way: Way
    /// Bytes per second, by round.
    var rates: [Double] = []
    var ratio: RatioInterval
    var median: Double { rates.sorted()[rates.count / 2] }
  }

  let megabytes: Int
  let rounds: Int
  /// What the cache may hold.
  let cacheMegabytes: Int

  static let job = JobID(1)
  static let large = "large.bin"
  static let imageBytes = 20_000

  /// Throws: `TransportError`, `DataError`; `LocalCluster.ChildFailed` if the child does not start.
  func run() throws -> [Result] {
    let folder = "\(NSTemporaryDirectory())/martlet-bench-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try makeFiles(in: "\(folder)/data")
    let child = try DataBenchChild(in: folder)
    defer { child.stop() }
    let reader = try DataBenchReader(self, child, in: folder)
    defer { reader.stop() }
    var rates: [[Double]] = Way.allCases.map { _ in [] }
    for round in 0...rounds {
      for (index, way) in Way.allCases.enumerated() {
        // Into the cache first; how fast that is, others measure.
        if way == .warmImages { _ = try reader.read(way) }
        let start = MonotonicClock.seconds
        let bytes = try reader.read(way)
        // The first round connects and warms the disk's cache up.
        if round > 0 { rates[index].append(Double(bytes) / (MonotonicClock.seconds - start)) }
      }
      reader.forgetCache()
    }
    return zip(Way.allCases, rates).map { way, own in
      Result(way: way, rates: own, ratio: RatioInterval(zip(own, rates[0]).map { $0 / $1 }))
    }
  }

  private func makeFiles(in folder: String) throws {
    try Files.makeFolder("\(folder)/images")
    var bytes = [UInt8](repeating: 0, count: megabytes << 20)
    for index in stride(from: 0, to: bytes.count, by: 97) { bytes[index] = UInt8(index & 255) }
    try Files.write(bytes, to: "\(folder)/\(Self.large)")
    for number in 0..<(bytes.count / Self.imageBytes) {
      try Files.write(
        Array(bytes[number * Self.imageBytes..<(number + 1) * Self.imageBytes]),
        to: "\(folder)/images/\(number)")
    }
  }
}

/// The worker's side: the connections, and a reader made anew for each measurement.
private final class DataBenchReader {
  private let context: ZeroMQContext
  private let plain: ZeroMQSocket
  private let client: BlockClient
  private let listing: FileListing
  private let sha256: [UInt8]
  private let cacheFolder: String
  private let (megabytes, cacheMegabytes): (Int, Int)

  init(_ bench: DataBench, _ child: DataBenchChild, in folder: String) throws {
    (megabytes, cacheMegabytes) = (bench.megabytes, bench.cacheMegabytes)
    let security = try ClusterKeys(keptIn: folder).clientSecurity
    context = try ZeroMQContext()
    plain = try ZeroMQSocket(.dealer, in: context)
    try plain.secure(security)
    plain.bound(messageBytes: WireLimits.messageBytes, queued: 64)
    try plain.connect(child.plain)
    let incarnation = freshIncarnation()
    client = try BlockClient(
      address: child.blocks, in: context, security: security, incarnation: incarnation)
    let bulk = try BulkClient(
      address: child.blocks, in: context, security: security, role: .worker,
      incarnation: incarnation)
    cacheFolder = "\(folder)/cache"
    let path = "\(folder)/listing"
    while true {
      do {
        try bulk.download(JobFiles.dataListing, of: DataBench.job, to: path)
        break
      } catch TransportError.busy { Thread.sleep(forTimeInterval: 0.05) }
    }
    sha256 = try FileHash.of(path).sha256
    listing = try FileListing(bytes: Files.bytes(of: path), path: path)
  }

  func stop() { client.stop() }

  func forgetCache() { try? FileManager.default.removeItem(atPath: cacheFolder) }

  /// Returns: the bytes that were read.
  func read(_ way: DataBench.Way) throws -> Int {
    let cache =
      switch way {
      case .plain, .shards, .images: nil as BlockCache?
      case .filling, .warm, .warmImages:
        BlockCache(folder: cacheFolder, bytesMax: cacheMegabytes << 20) { Terminal.error.line($0) }
      }
    let files = ServedFiles(
      root: "data", listing: listing,
      supply: ClusterBlocks(
        client: client, job: DataBench.job, sha256: sha256, listing: listing),
      cache: cache?.section("bench"))
    switch way {
    case .plain: return receive()
    case .shards, .filling, .warm: return try readLarge(files)
    case .images, .warmImages: return try readImages(files)
    }
  }

  private func receive() -> Int {
    _ = plain.send([Array("\(megabytes)".utf8)])
    var poller = Poller()
    poller.add(plain)
    var bytes = 0
    while bytes < megabytes << 20 {
      poller.wait(milliseconds: 1_000)
      while let (frames, _) = plain.receive() { bytes += frames[0].count }
    }
    return bytes
  }

  private func readLarge(_ files: ServedFiles) throws -> Int {
    files.expect([FilePart(DataBench.large)])
    var bytes = 0
    for start in stride(from: 0, to: megabytes << 20, by: 1 << 20) {
      bytes += try files.bytes(of: DataBench.large, in: start..<start + (1 << 20)).count
    }
    return bytes
  }

  private func readImages(_ files: ServedFiles) throws -> Int {
    let names = try files.names(in: "images").map { "images/\($0)" }
    files.expect(names.map { FilePart($0) })
    return try names.reduce(0) { try $0 + files.bytes(of: $1).count }
  }
}
