import Data
import FoundationEssentials

/// Where a run began, or went on as another job or by another program, and what its digests come
/// from since. A run folder's `arithmetic.json` lists them.
package struct RunStart: Codable, Sendable {
  package static let fileName = "arithmetic.json"

  /// Steps that were done before.
  package let step: Int
  /// The arithmetic fingerprint: what the bits depend on besides the job, by item.
  package let fingerprint: [String: String]
  package let job: JobValue

  package init(step: Int, fingerprint: [String: String], job: JobValue) {
    self.step = step
    self.fingerprint = fingerprint
    self.job = job
  }

  /// The starts in a run's folder, in order; at least one.
  ///
  /// Throws: `TrainingError.record` for a file that is missing or cannot be read.
  package static func all(in folder: String) throws -> [RunStart] {
    let path = "\(folder)/\(fileName)"
    guard Files.isFile(path) else {
      throw TrainingError.record(
        path: path, problem: "is missing: the run was made without it and cannot be verified")
    }
    do {
      let starts = try JSONDecoder().decode(
        [RunStart].self, from: FoundationEssentials.Data(try Files.bytes(of: path)))
      if !starts.isEmpty { return starts }
    } catch { throw TrainingError.record(path: path, problem: "cannot be read: \(error)") }
    throw TrainingError.record(path: path, problem: "names no start")
  }

  /// Puts this start in place of those at its step and later; one that changes nothing is left out.
  ///
  /// Throws: `DataError`, `TrainingError.record`.
  func add(to path: String) throws {
    var starts: [RunStart] = []
    if step > 0, Files.isFile(path) {
      let folder = String(path.dropLast(Self.fileName.utf8.count + 1))
      starts = try Self.all(in: folder).filter { $0.step < step }
    }
    if starts.last?.isContinued(by: self) != true { starts.append(self) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Files.write([UInt8](encoder.encode(starts)), to: path)
  }

  private func isContinued(by other: RunStart) -> Bool {
    fingerprint == other.fingerprint && job.deciding == other.job.deciding
  }
}

extension JobValue {
  /// Without what changes no digest.
  fileprivate var deciding: JobValue {
    var value = self
    for key in ["output", "checkpoint", "workers", "rebalance", "init", "audit"] {
      value.set([key], to: .null)
    }
    value.set(["data", "served"], to: .null)
    return value
  }
}
