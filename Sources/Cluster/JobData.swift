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
    case known(FileListing, sha256: [UInt8])
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
      Thread.detachNewThread { [self] in
        do {
          let bytes = try FileListing(of: Self.root(of: specification)).bytes
          try SafeFile.write(bytes, to: path, mode: 0o644)
          listings.withLock { $0[job] = nil }
        } catch {
          let failure =
            error as? Failure
            ?? Failure(reason: "the coordinator cannot list the data: \(error)", field: "data.path")
          listings.withLock { $0[job] = .absent(failure) }
        }
      }
    }
    var failure = Failure(reason: "the coordinator lists the data")
    failure.isPassing = true
    throw failure
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
    let (listing, sha256) = try known(request.job, "\(folder)/\(Self.listingFile)")
    guard request.listing == sha256 else {
      throw Failure(
        reason: "the coordinator's list of the data is another one",
        advice: "\(folder)/\(Self.listingFile) was changed; submit the job again")
    }
    let root = try Self.root(of: specification)
    var bytes: [UInt8] = []
    var hashes: [UInt64] = []
    for address in request.addresses {
      let place = Int(address.file)
      guard listing.entries.indices.contains(place) else {
        throw Failure(reason: "the data has \(listing.entries.count) files, none numbered \(place)")
      }
      let entry = listing.entries[place]
      let range = FileBlock(file: place, index: Int(address.block)).range(in: entry.byteCount)
      guard !range.isEmpty, bytes.isEmpty || bytes.count + range.count <= WireLimits.chunkBytes
      else {
        throw Failure(
          reason: "\(entry.name) has no block \(address.block), or too much was asked for")
      }
      let block: [UInt8]
      do { block = try entry.bytes(below: root, in: range) } catch {
        throw Failure(
          reason: "\(error)", advice: "the job needs the data as it was when the job began")
      }
      hashes.append(contentHash(block))
      bytes = bytes.isEmpty ? block : bytes + block
    }
    return BlockBytes(bytes: bytes, hashes: hashes)
  }

  private func known(
    _ job: JobID, _ path: String
  ) throws(Failure) -> (FileListing, sha256: [UInt8]) {
    func cached() -> (FileListing, sha256: [UInt8])? {
      listings.withLock {
        if case .known(let listing, let sha256)? = $0[job] { (listing, sha256) } else { nil }
      }
    }
    if let known = cached() { return known }
    do {
      return try reading.withLock { _ in
        if let known = cached() { return known }
        let bytes = try Files.bytes(of: path)
        let listing = try FileListing(bytes: bytes, path: path)
        let sha256 = FileHash.of(bytes)
        listings.withLock { $0[job] = .known(listing, sha256: sha256) }
        return (listing, sha256)
      }
    } catch { throw Failure(reason: "\(error)") }
  }
}
