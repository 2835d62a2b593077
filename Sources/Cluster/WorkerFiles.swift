import Foundation
import Layers
import Messages
import Training
import Transport

/// A worker's way to its job's folder in the coordinator's store, for one generation.
///
/// A coordinator that restarts in the middle of a file costs that file's beginning, nothing else.
struct WorkerFiles {
  let bulk: BulkClient
  let job: JobID
  let generation: Generation
  /// Whether the generation still stands; asked several times a second.
  let isWanted: () -> Bool

  /// Throws: `TransportError`, for what trying again does not mend.
  @discardableResult
  func upload(_ path: String, to name: String) throws -> Artifact {
    try again { () throws(TransportError) in
      try bulk.upload(path, to: name, of: job, in: generation, while: isWanted)
    }
  }

  /// Moves a checkpoint from this worker's scratch folder to the store.
  ///
  /// `patience`: For how long it is tried again while the store does not take it.
  ///
  /// `note`: Told why, each time.
  ///
  /// Throws: as `upload`.
  func store(
    _ checkpoint: Training.Checkpoint, patience: Duration = .zero, note: (String) -> Void = { _ in }
  ) throws {
    defer { try? FileManager.default.removeItem(atPath: checkpoint.path) }
    let end = ContinuousClock.now + patience
    while true {
      do { return try send(checkpoint) } catch let error as TransportError {
        guard case .transferFailed = error, ContinuousClock.now < end, isWanted() else {
          throw error
        }
        note("\(error); trying again")
        let next = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < next, isWanted() { Thread.sleep(forTimeInterval: 0.05) }
      }
    }
  }

  private func send(_ checkpoint: Training.Checkpoint) throws {
    let name = Training.Checkpoint.name(step: checkpoint.progress.step)
    // The manifest goes last: a folder without one is no checkpoint.
    for file in checkpoint.files.map(\.name) + [Training.Checkpoint.manifestFile] {
      try upload("\(checkpoint.path)/\(file)", to: "checkpoints/\(name)/\(file)")
    }
  }

  /// Brings a trainer to a checkpoint of the store.
  ///
  /// Throws: as `upload`; `TrainingError` if it is not the one that was recorded, or does not fit.
  func load(
    _ reference: Messages.Checkpoint, into trainer: Trainer, scratch: String
  ) throws {
    let folder = "\(scratch)/\(reference.name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let manifest = "\(folder)/\(Training.Checkpoint.manifestFile)"
    let wanted = [Training.Checkpoint.modelFile, Training.Checkpoint.stateFile]
    for file in [Training.Checkpoint.manifestFile] + wanted {
      try download("checkpoints/\(reference.name)/\(file)", to: "\(folder)/\(file)")
    }
    // The manifest vouches for the files, and the coordinator's record for the manifest.
    guard try Digest.sha256(file: manifest) == reference.sha256 else {
      throw TrainingError.checkpoint(
        path: reference.name,
        problem:
          "\(Training.Checkpoint.manifestFile) was altered: its SHA-256 is not the recorded one")
    }
    do {
      try trainer.resume(Training.Checkpoint.open(folder, only: wanted))
    } catch TrainingError.checkpoint(_, let problem) {
      throw TrainingError.checkpoint(path: reference.name, problem: problem)
    }
  }

  /// Throws: as `upload`.
  func download(_ name: String, to path: String) throws {
    try again { () throws(TransportError) in
      try bulk.download(name, of: job, to: path, while: isWanted)
    }
  }

  private func again<Value>(
    _ transfer: () throws(TransportError) -> Value
  ) throws(TransportError) -> Value {
    while true {
      do { return try transfer() } catch {
        switch error {
        case .connectionLost, .unreachable: guard isWanted() else { throw error }
        case .busy:
          guard isWanted() else { throw error }
          Thread.sleep(forTimeInterval: 0.05)
        default: throw error
        }
      }
    }
  }
}
