import Messages
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
        default: throw error
        }
      }
    }
  }
}
