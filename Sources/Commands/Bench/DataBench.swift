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
    case plain = "ZeroMQ alone, messages of 1 MiB"
    /// As the files below: each as a message.
    case plainImages = "ZeroMQ alone, messages of 20 kB"
    /// A file of all bytes, in pieces of 1 MiB.
    case shards = "served, one large file"
    /// Files of 20 kB, as a folder of images has them.
    case images = "served, files of 20 kB"
    /// The large file with a cache that has nothing of it yet.
    case filling = "served, one large file, filling the cache"
    /// The same again, from the cache.
    case warm = "from the cache, one large file"
    case fillingImages = "served, files of 20 kB, filling the cache"
    case warmImages = "from the cache, files of 20 kB"

    /// What it is compared with: ZeroMQ alone, moving pieces of the same size.
    var peer: Way {
      switch self {
      case .plain, .shards, .filling, .warm: .plain
      case .plainImages, .images, .fillingImages, .warmImages: .plainImages
      }
    }

    /// Of a message of ZeroMQ alone.
    var messageBytes: Int { peer == .plain ? 1 << 20 : DataBench.imageBytes }
  }

  struct Result {
    let way: Way
    /// Bytes per second, ascending, one entry a round.
    let rates: [Double]
    /// To its peer.
    let ratio: RatioInterval
    /// CPU time of both processes for each byte, all rounds together.
    let cpuSecondsPerByte: Double
    /// Of the blocks, those that came from the cache.
    let cachedShare: Double
    var median: Double { rates[rates.count / 2] }
  }

  /// What was moved in one measurement.
  fileprivate struct Reading {
    var bytes = 0
    var seconds = 0.0
    var cpuSeconds = 0.0
    var (hits, misses): (UInt64, UInt64) = (0, 0)
    var rate: Double { Double(bytes) / seconds }
  }

  let megabytes: Int
  let rounds: Int
  /// What the cache may hold.
  let cacheMegabytes: Int
  let ways: [Way]

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
    let meters = try [ProcessMeter(of: getpid()), ProcessMeter(of: child.process)]
    func measure(_ way: Way) throws -> Reading {
      let cpuBefore = meters.map(\.cpuSeconds).reduce(0, +)
      var reading = try reader.read(way)
      reading.cpuSeconds = meters.map(\.cpuSeconds).reduce(0, +) - cpuBefore
      return reading
    }
    var readings: [[Reading]] = ways.map { _ in [] }
    var ratios: [[Double]] = ways.map { _ in [] }
    for round in 0...rounds {
      for (index, way) in ways.enumerated() {
        // What it is compared with is moved right before and right after.
        let before = try measure(way.peer)
        let reading = try measure(way)
        let after = try measure(way.peer)
        // The first round connects and warms the disk's cache up.
        if round > 0 {
          readings[index].append(reading)
          ratios[index].append(reading.rate / (before.rate * after.rate).squareRoot())
        }
      }
      try reader.changeCache()
    }
    return zip(ways, zip(readings, ratios)).map { way, found in
      let (readings, ratios) = found
      let (hits, misses) = (
        readings.map(\.hits).reduce(0, +), readings.map(\.misses).reduce(0, +)
      )
      return Result(
        way: way, rates: readings.map(\.rate).sorted(), ratio: RatioInterval(ratios),
        cpuSecondsPerByte: readings.map(\.cpuSeconds).reduce(0, +)
          / Double(readings.map(\.bytes).reduce(0, +)),
        cachedShare: Double(hits) / Double(max(1, hits + misses)))
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
  private let folder: String
  private var caches = 0
  private let (megabytes, cacheMegabytes): (Int, Int)

  init(_ bench: DataBench, _ child: DataBenchChild, in folder: String) throws {
    (megabytes, cacheMegabytes) = (bench.megabytes, bench.cacheMegabytes)
    let security = try ClusterKeys(keptIn: folder).clientSecurity
    context = try ZeroMQContext()
    plain = try ZeroMQSocket(.dealer, in: context)
    try plain.secure(security)
    plain.bound(messageBytes: WireLimits.messageBytes, queued: 512)
    try plain.connect(child.plain)
    let incarnation = freshIncarnation()
    client = try BlockClient(
      address: child.blocks, in: context, security: security, incarnation: incarnation)
    let bulk = try BulkClient(
      address: child.blocks, in: context, security: security, role: .worker,
      incarnation: incarnation)
    self.folder = folder
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

  /// Begins an empty cache. The old one goes, or the next would always be written to memory that
  /// the system has never used, which no cache that has been full once does.
  func changeCache() throws {
    let old = "\(folder)/cache-\(caches)"
    if Files.isFolder(old) { try FileManager.default.removeItem(atPath: old) }
    caches += 1
  }

  /// The CPU time is not in it.
  func read(_ way: DataBench.Way) throws -> DataBench.Reading {
    let cache =
      switch way {
      case .plain, .plainImages, .shards, .images: nil as BlockCache?
      case .filling, .warm, .fillingImages, .warmImages:
        BlockCache(folder: "\(folder)/cache-\(caches)", bytesMax: cacheMegabytes << 20) {
          Terminal.error.line($0)
        }
      }
    let files = ServedFiles(
      root: "data", listing: listing,
      supply: ClusterBlocks(
        client: client, job: DataBench.job, sha256: sha256, listing: listing),
      cache: cache?.section("bench", of: listing))
    var reading = DataBench.Reading()
    let start = MonotonicClock.seconds
    switch way {
    case .plain, .plainImages: reading.bytes = receive(messageBytes: way.messageBytes)
    case .shards, .filling, .warm: reading.bytes = try readLarge(files)
    case .images, .fillingImages, .warmImages: reading.bytes = try readImages(files)
    }
    reading.seconds = MonotonicClock.seconds - start
    // Nobody waits for the disk; but the CPU time of it counts, and what comes next finds all.
    files.finishCaching()
    (reading.hits, reading.misses) = files.counts
    return reading
  }

  private func receive(messageBytes: Int) -> Int {
    let count = (megabytes << 20) / messageBytes
    _ = plain.send([Array("\(count) \(messageBytes)".utf8)])
    var poller = Poller()
    poller.add(plain)
    var bytes = 0
    while bytes < count * messageBytes {
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
