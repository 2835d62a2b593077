import Data
import Foundation
import Messages
import Synchronization
import Training
import Transport
import Worlds

/// How a worker reaches the data of its job: a world by itself, files that it sees as the others do,
/// or files read through the coordinator.
final class WorkerData: Sendable {
  private struct Opened {
    let job: JobID
    let data: RecipeData
    let way: String
    let served: ServedFiles?
  }

  private struct State {
    var opened: Opened?
    var client: BlockClient?
    var isEnding = false
  }

  private let connect: @Sendable () throws -> BlockClient
  private let cache: BlockCache?
  private let sampleBytes: Int
  private let note: @Sendable (String) -> Void
  private let state = Mutex(State())

  /// `sampleBytes`: How much of decoded samples is kept in memory.
  ///
  /// `connect`: Makes the connection that blocks come over, when the first are wanted.
  init(
    cache: WorkerProcess.Settings.Cache?, sampleBytes: Int,
    note: @escaping @Sendable (String) -> Void,
    connect: @escaping @Sendable () throws -> BlockClient
  ) {
    self.connect = connect
    self.sampleBytes = sampleBytes
    self.note = note
    self.cache = cache.map { BlockCache(folder: $0.folder, bytesMax: $0.bytesMax, warn: note) }
  }

  /// The data of a job, opened once.
  ///
  /// `files`: The way to the job's folder.
  ///
  /// `isFirst`: Whether this worker hosts replica 0: where the coordinator does not see the data,
  /// what this worker sees is what all others must see.
  ///
  /// Throws: `DataUnavailable` for data that is not that of the others; `DataError`, `JobError`,
  /// `TransportError`.
  func open(_ job: Job, _ files: WorkerFiles, isFirst: Bool, scratch: String) throws -> RecipeData {
    if let opened = state.withLock({ $0.opened }), opened.job == files.job { return opened.data }
    close()
    let specification = try DataSpecification(job.data)
    let opened =
      if let path = specification.path {
        try open(path, specification, files, isFirst: isFirst, scratch: scratch)
      } else {
        Opened(
          job: files.job, data: recipeData { try specification.open(split: $0) },
          way: "a world made here", served: nil)
      }
    note("\(files.job): data: \(opened.way)")
    let isEnding = state.withLock { state in
      state.opened = opened
      return state.isEnding
    }
    if isEnding { opened.served?.close() }
    return opened.data
  }

  private func open(
    _ path: String, _ specification: DataSpecification, _ files: WorkerFiles, isFirst: Bool,
    scratch: String
  ) throws -> Opened {
    let served = specification.served
    let target = "\(scratch)/\(JobData.listingFile)"
    defer { try? FileManager.default.removeItem(atPath: target) }
    try Files.makeFolder(scratch)
    func download() throws { try files.download(JobData.listingFile, to: target) }
    var isServed = true
    do { try download() } catch TransportError.transferFailed(_, let reason, _) {
      guard files.isWanted() else { throw DataUnavailable(file: path, reason: "no longer wanted") }
      guard served != true else {
        throw DataUnavailable(
          file: path, reason: reason,
          advice: "served: true needs a folder that the coordinator sees")
      }
      isServed = false
      if isFirst {
        let own = try FileListing(of: path, while: files.isWanted)
        try Files.write(own.bytes, to: target)
        try files.upload(target, to: JobData.listingFile)
      }
      try downloadOnceThere(target, files)
    }
    let bytes = try Files.bytes(of: target)
    let listing = try FileListing(bytes: bytes, path: JobData.listingFile)
    let difference: String
    if served == true {
      difference = ""
    } else {
      do {
        guard let found = try listing.firstDifference(in: path, while: files.isWanted) else {
          return Opened(
            job: files.job, data: recipeData { try specification.open(split: $0) },
            way: "local files", served: nil)
        }
        difference = "\(path) is not what the coordinator's list of it says: \(found)"
      } catch let error as DataError { difference = "\(error)" }
      // A walk that was broken off has found no difference; the next generation begins anew.
      guard files.isWanted() else { throw DataUnavailable(file: path, reason: "no longer wanted") }
      guard isServed, served == nil else {
        throw DataUnavailable(
          file: path, reason: difference,
          advice: "make the folder the same on all machines"
            + (served == false ? ", or drop served: false from the job's data" : ""))
      }
    }
    let reader = try reader(of: path, listing, bytes, files.job)
    return Opened(
      job: files.job, data: recipeData { try specification.open(split: $0, from: reader) },
      way: DataAccess.throughCoordinator + (difference.isEmpty ? "" : ": \(difference)"),
      served: reader)
  }

  private func recipeData(
    _ open: @escaping @Sendable (String) throws -> any SampleSource
  ) -> RecipeData {
    RecipeData(memory: SampleMemory(bytesMax: sampleBytes), open)
  }

  /// Where the coordinator does not see the data, another worker tells it.
  private func downloadOnceThere(_ target: String, _ files: WorkerFiles) throws {
    while true {
      do {
        return try files.download(JobData.listingFile, to: target)
      } catch TransportError.transferFailed(let name, let reason, let advice) {
        guard files.isWanted() else {
          throw TransportError.transferFailed(name: name, reason: reason, advice: advice)
        }
        Thread.sleep(forTimeInterval: 0.05)
      }
    }
  }

  private func reader(
    of path: String, _ listing: FileListing, _ bytes: [UInt8], _ job: JobID
  ) throws -> ServedFiles {
    let client = try state.withLock { state in
      let client = try state.client ?? connect()
      state.client = client
      return client
    }
    let sha256 = FileHash.of(bytes)
    return ServedFiles(
      root: path, listing: listing,
      supply: ClusterBlocks(client: client, job: job, sha256: sha256, listing: listing),
      cache: cache?.section(hexadecimal(Array(sha256.prefix(16))), of: listing))
  }

  /// How the present job's data is reached; nil before it is opened.
  var access: DataAccess? {
    guard let opened = state.withLock({ $0.opened }) else { return nil }
    let counts = opened.served?.counts ?? opened.data.memory.counts
    return DataAccess(way: opened.way, cacheHits: counts.hits, cacheMisses: counts.misses)
  }

  /// Blocks of the present job's data that have arrived.
  var arrivals: UInt64 { state.withLock { $0.opened }?.served?.arrivals ?? 0 }

  /// Ends all waiting for data of the present job and forgets it; from any thread.
  func close() {
    let opened = state.withLock { state in
      defer { state.opened = nil }
      return state.opened
    }
    opened?.served?.close()
  }

  /// Ends all waiting for data, of the present job and of any to come; from any thread.
  func end() {
    state.withLock { $0.isEnding = true }
    close()
  }

  /// Ends the connection; nobody may read any more.
  func stop() {
    let client = state.withLock { state in
      defer { state.client = nil }
      return state.client
    }
    client?.stop()
  }
}
