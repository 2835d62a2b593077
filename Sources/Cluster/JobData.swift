import Data
import Foundation
import Messages
import Synchronization
import Tensors
import Training
import Transport
import Worlds

/// The data sets of the coordinator's jobs: which files there are, written down once in the job's
/// folder, and their bytes for workers that read through the coordinator.
final class JobData: Sendable {
  /// In the job's folder.
  static let listingFile = "data-files.txt"

  private enum Listing {
    case making
    case absent(Failure)
    case known(Known)
  }

  /// What requests for blocks are answered from.
  private struct Known {
    let listing: FileListing
    let sha256: [UInt8]
    /// The data's folder.
    let root: String
  }

  private let listings = Mutex<[JobID: Listing]>([:])
  /// Held while a listing is read from the disk: only one thread needs to.
  private let reading = Mutex(())

  /// The file that lists a job's data; makes it when it is asked for the first time, which may take
  /// a while.
  ///
  /// `specification`: The job as submitted.
  ///
  /// Throws: `Failure`, a passing one until the list is made.
  func listing(
    of job: JobID, _ specification: String, in folder: String
  ) throws(Failure) -> String {
    let path = "\(folder)/\(Self.listingFile)"
    if Files.isFile(path) { return path }
    let (isFirst, absence) = listings.withLock { listings -> (Bool, Failure?) in
      switch listings[job] {
      case .absent(let failure): return (false, failure)
      case .making: return (false, nil)
      case .known, nil:
        listings[job] = .making
        return (true, nil)
      }
    }
    if let absence { throw absence }
    if isFirst {
      do {
        try SystemThread(name: "data") { [self] in makeListing(of: job, specification, at: path) }
          .detach()
      } catch {
        // Whoever asks next tries again.
        listings.withLock { $0[job] = nil }
      }
    }
    var failure = Failure(reason: "the coordinator lists the data")
    failure.isPassing = true
    throw failure
  }

  /// Ends early when the job is over.
  private func makeListing(of job: JobID, _ specification: String, at path: String) {
    func isWanted() -> Bool {
      listings.withLock { if case .making? = $0[job] { true } else { false } }
    }
    do {
      let bytes = try FileListing(of: Self.root(of: specification), while: isWanted).bytes
      try SafeFile.write(bytes, to: path, mode: 0o644)
      listings.withLock { $0[job] = nil }
    } catch {
      guard isWanted() else { return }
      let failure =
        error as? Failure
        ?? Failure(reason: "the coordinator cannot list the data: \(error)", field: "data.path")
      listings.withLock { $0[job] = .absent(failure) }
    }
  }

  func forget(where isOver: (JobID) -> Bool) {
    listings.withLock { listings in listings = listings.filter { !isOver($0.key) } }
  }

  /// The data's folder, where the coordinator sees it.
  ///
  /// Throws: `Failure` for a job whose data are no files.
  static func root(of specification: String) throws(Failure) -> String {
    guard let path = data(of: specification)?.path else {
      throw Failure(reason: "the job's data are no files")
    }
    return path
  }

  /// Whether the coordinator can serve what it is asked to serve.
  ///
  /// Throws: `Failure` for a folder that it does not see.
  static func check(_ specification: String) throws(Failure) {
    guard let data = data(of: specification), data.served == true, let path = data.path,
      !Files.isFolder(path)
    else { return }
    throw Failure(
      reason: "the coordinator is to serve \(path), and sees no such folder",
      advice: "name a folder of the coordinator's machine", field: "data.path")
  }

  /// What a job's specification says of its data; nil if it cannot be read.
  static func data(of specification: String) -> DataSpecification? {
    let value = try? JSONDecoder().decode(
      JobValue.self, from: Foundation.Data(specification.utf8))
    return value.flatMap { $0[path: "data"] }.flatMap { try? DataSpecification($0) }
  }

  /// The blocks of a request.
  ///
  /// Throws: `Failure` for what the listing does not have, and for files that have changed since.
  func read(
    _ request: ReadBlocks, _ specification: String, in folder: String
  ) throws(Failure) -> BlockBytes {
    let known = try known(request.job, specification, "\(folder)/\(Self.listingFile)")
    guard request.listing == known.sha256 else {
      throw Failure(
        reason: "the coordinator's list of the data is another one",
        advice: "\(folder)/\(Self.listingFile) was changed; submit the job again")
    }
    let entries = known.listing.entries
    var ranges: [Range<Int>] = []
    var byteCount = 0
    for address in request.addresses {
      let place = Int(address.file)
      guard entries.indices.contains(place) else {
        throw Failure(reason: "the data has \(entries.count) files, none numbered \(place)")
      }
      let range = FileBlock(file: place, index: Int(address.block))
        .range(in: entries[place].byteCount)
      byteCount += range.count
      guard !range.isEmpty, byteCount <= WireLimits.chunkBytes else {
        throw Failure(
          reason: "\(entries[place].name) has no block \(address.block), or too much was asked for")
      }
      ranges.append(range)
    }
    do {
      return try BlockBytes(byteCounts: ranges.map(\.count)) { number, place in
        let entry = entries[Int(request.addresses[number].file)]
        try entry.read(below: known.root, in: ranges[number], into: place)
        return contentHash(UnsafeRawBufferPointer(place))
      }
    } catch {
      throw Failure(
        reason: "\(error)", advice: "the job needs the data as it was when the job began")
    }
  }

  private func known(
    _ job: JobID, _ specification: String, _ path: String
  ) throws(Failure) -> Known {
    func cached() -> Known? {
      listings.withLock { if case .known(let known)? = $0[job] { known } else { nil } }
    }
    if let known = cached() { return known }
    let root = try Self.root(of: specification)
    do {
      return try reading.withLock { _ in
        if let known = cached() { return known }
        let bytes = try Files.bytes(of: path)
        let known = Known(
          listing: try FileListing(bytes: bytes, path: path), sha256: FileHash.of(bytes), root: root
        )
        listings.withLock { $0[job] = .known(known) }
        return known
      }
    } catch { throw Failure(reason: "\(error)") }
  }
}
