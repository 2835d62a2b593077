import Coordination
import Data
import Foundation
import Layers
import Messages
import Synchronization
import Training
import Transport

/// The folders of the coordinator's jobs: scalars and logs written here, checkpoints and pictures
/// arriving from workers, all of it readable for `martlet fetch`.
package final class JobFiles: BulkStore {
  private struct Entry {
    let folder: String
    /// Files of another generation are not taken: of an older one they would replace newer ones,
    /// and nobody was told of a later one.
    let generation: Generation
    /// The workers of that generation.
    let members: Set<Incarnation>
    let specification: String
    let isOver: Bool

    init(_ record: JobRecord, folder: String, notBefore generation: Generation) {
      self.folder = folder
      self.generation = max(generation, record.generation)
      members = Set(record.members.map(\.incarnation))
      specification = record.request.specification
      isOver = record.state.isOver
    }
  }

  /// The file of a job's folder that lists its data.
  package static let dataListing = JobData.listingFile

  private let entries = Mutex<[JobID: Entry]>([:])
  private let data = JobData()
  private let recall: @Sendable (JobID) -> (JobRecord, folder: String)?
  private let deliveries: @Sendable (JobID) -> [DeliveryTable.Row]
  private let stored: @Sendable (JobID, Messages.Checkpoint) -> Void

  /// `recall`: What is on record of a job that is not known here, and its folder; from any thread.
  ///
  /// `deliveries`: What is on record of the samples of a job's steps.
  ///
  /// `stored`: A checkpoint is complete; called on the bulk plane's thread.
  package init(
    recall: @escaping @Sendable (JobID) -> (JobRecord, folder: String)? = { _ in nil },
    deliveries: @escaping @Sendable (JobID) -> [DeliveryTable.Row] = { _ in [] },
    stored: @escaping @Sendable (JobID, Messages.Checkpoint) -> Void
  ) {
    (self.recall, self.deliveries, self.stored) = (recall, deliveries, stored)
  }

  package func know(_ record: JobRecord, folder: String) {
    entries.withLock { entries in
      entries[record.job] = Entry(
        record, folder: folder, notBefore: entries[record.job]?.generation ?? .zero)
    }
  }

  /// Forgets jobs that are over; what is asked about them is read from their records.
  func keep(where isWanted: (JobID) -> Bool) {
    entries.withLock { entries in entries = entries.filter { isWanted($0.key) } }
    data.forget { !isWanted($0) }
  }

  private func entry(of job: JobID) -> Entry? {
    if let known = entries.withLock({ $0[job] }) { return known }
    return recall(job).map { Entry($0, folder: $1, notBefore: .zero) }
  }

  package func objection(to sender: Incarnation, of job: JobID) -> Failure? {
    let isMember = entry(of: job)?.members.contains(sender) ?? true
    return isMember ? nil : Failure(reason: "this worker has no part in \(job)")
  }

  package func objection(to sender: Incarnation, reading name: String?, of job: JobID) -> Failure? {
    guard name == nil || name == JobData.listingFile else { return objection(to: sender, of: job) }
    // Not only members: a newcomer looks at the data before it is one, and who was one may be again.
    let isOpen = entry(of: job).map { !$0.isOver } ?? true
    return isOpen ? nil : Failure(reason: "\(job) is over, its data is no longer served")
  }

  /// Puts the checkpoint that a job goes on from into the job's own folder, where its workers look
  /// for it and where nobody else prunes it.
  ///
  /// Throws: what the file system says.
  func adopt(_ checkpoint: Messages.Checkpoint, from source: String, into folder: String) throws {
    let target = "\(folder)/checkpoints/\(checkpoint.name)"
    let manager = FileManager.default
    guard !manager.fileExists(atPath: "\(target)/\(Training.Checkpoint.manifestFile)") else {
      return
    }
    try manager.createDirectory(atPath: target, withIntermediateDirectories: true)
    // The manifest goes last: a folder without one is no checkpoint.
    let names = try Training.Checkpoint.open(source).files.map(\.name)
    for name in names + [Training.Checkpoint.manifestFile] {
      try? manager.removeItem(atPath: "\(target)/\(name)")
      do {
        try manager.linkItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)")
      } catch {
        // Another file system.
        try manager.copyItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)")
      }
    }
  }

  /// Removes the checkpoints that a newer one replaces.
  func prune(_ job: JobID, after checkpoint: Messages.Checkpoint) {
    guard let folder = folder(of: job),
      let open = try? Training.Checkpoint.open("\(folder)/checkpoints/\(checkpoint.name)", only: [])
    else { return }
    CheckpointShelf(folder: "\(folder)/checkpoints", keep: open.kept)
      .prune(best: open.progress.best?.step)
  }

  /// The newest checkpoint of a job that is complete and unaltered, and why newer ones are not.
  func newestCheckpoint(of job: JobID) -> (Messages.Checkpoint?, problems: [String]) {
    guard let folder = folder(of: job) else { return (nil, []) }
    let (newest, problems) = CheckpointShelf(folder: "\(folder)/checkpoints", keep: 1)
      .newestValid()
    return (newest.flatMap { try? Messages.Checkpoint($0) }, problems)
  }

  func folder(of job: JobID) -> String? { entry(of: job)?.folder }

  package func place(_ offer: Offer, from sender: Incarnation) throws(Failure) -> String {
    guard let entry = entry(of: offer.job) else {
      throw Failure(reason: "there is no job \(offer.job)")
    }
    guard offer.generation == entry.generation else {
      throw Failure(
        reason: "\(offer.name) is of \(offer.generation), the job is in \(entry.generation)")
    }
    let path = try "\(entry.folder)/\(checked(offer.name))"
    if offer.name == JobData.listingFile, Files.isFile(path) {
      throw Failure(reason: "the job's data is listed already")
    }
    do {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    } catch { throw Failure(reason: "the job's folder cannot be written: \(error)") }
    return path
  }

  package func didStore(_ offer: Offer, at path: String, from sender: Incarnation) {
    let parts = offer.name.split(separator: "/")
    guard parts.count == 3, parts[0] == "checkpoints", parts[2] == "manifest.json" else { return }
    guard
      let checkpoint = try? Messages.Checkpoint(
        Training.Checkpoint.open((path as NSString).deletingLastPathComponent))
    else { return }
    stored(offer.job, checkpoint)
  }

  package func find(_ fetch: Fetch) throws(Failure) -> String {
    guard let entry = entry(of: fetch.job) else {
      throw Failure(
        reason: "there is no job \(fetch.job)", advice: "martlet jobs lists those there are")
    }
    if fetch.name == JobData.listingFile {
      return try data.listing(of: fetch.job, entry.specification, in: entry.folder)
    }
    if fetch.name == DeliveryTable.fileName { writeDeliveries(of: fetch.job) }
    return "\(entry.folder)/\(try checked(fetch.name))"
  }

  /// Writes down what the steps of an audited job were made of, from the record: the record misses
  /// nothing that was reported, whenever the coordinator was killed.
  func writeDeliveries(of job: JobID) {
    guard let folder = folder(of: job) else { return }
    let rows = deliveries(job)
    guard !rows.isEmpty else { return }
    let text = "\(DeliveryTable.header)\n" + rows.map(\.line).joined()
    // Without room for it whoever fetches it hears that it is not there.
    try? SafeFile.write(
      Array(text.utf8), to: "\(folder)/\(DeliveryTable.fileName)", mode: 0o644)
  }

  package func read(_ request: ReadBlocks) throws(Failure) -> BlockBytes {
    guard let entry = entry(of: request.job) else {
      throw Failure(reason: "there is no job \(request.job)")
    }
    return try data.read(request, entry.specification, in: entry.folder)
  }

  /// What a job's folder holds, checkpoints in progress left out.
  func list(_ job: JobID) throws(Failure) -> [Artifact] {
    guard let folder = folder(of: job) else {
      throw Failure(
        reason: "there is no job \(job)", advice: "martlet jobs lists those there are")
    }
    let names = (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String]) ?? []
    return names.sorted().compactMap { name in
      let path = "\(folder)/\(name)"
      guard !name.contains(".writing/"), !name.hasSuffix(".part"), isSafeFileName(name),
        let attributes = try? FileManager.default.attributesOfItem(atPath: path),
        attributes[.type] as? FileAttributeType == .typeRegular,
        let size = attributes[.size] as? NSNumber
      else { return nil }
      return Artifact(name: name, size: size.uint64Value, sha256: "")
    }
  }

  private func checked(_ name: String) throws(Failure) -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, !parts.contains(where: { $0.isEmpty || $0.hasPrefix(".") }) else {
      throw Failure(reason: "'\(name)' is no path within a job's folder")
    }
    return name
  }
}

extension Messages.Checkpoint {
  /// What the cluster knows a checkpoint's folder by; the hash is the manifest's.
  init(_ checkpoint: Training.Checkpoint) throws {
    self.init(
      name: Training.Checkpoint.name(step: checkpoint.progress.step),
      position: Position(progress: checkpoint.progress),
      sha256: try Digest.sha256(
        file: "\(checkpoint.path)/\(Training.Checkpoint.manifestFile)"))
  }
}

extension Position {
  /// Commits rise with steps and passes; the machines only compare them.
  init(progress: Training.Progress) { self.init(step: progress.serial) }
}
