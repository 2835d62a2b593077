import Data

/// The samples that a run's committed steps were made of, as CSV: `step,stage,epoch,of,samples`,
/// one line a step: samples in slot order with spaces between, of as many as the split has.
package final class DeliveryTable {
  package static let fileName = "deliveries.csv"
  package static let header = "step,stage,epoch,of,samples"

  /// A committed step.
  package struct Row: Sendable, Hashable {
    /// Steps done with it, in all stages.
    package let step: Int
    package let stage: Int
    package let epoch: Int
    /// Samples that the split has.
    package let count: Int
    package let samples: [Int]

    package init(step: Int, stage: Int, epoch: Int, count: Int, samples: [Int]) {
      self.step = step
      self.stage = stage
      self.epoch = epoch
      self.count = count
      self.samples = samples
    }

    package var line: String {
      "\(step),\(stage),\(epoch),\(count),\(samples.map(String.init).joined(separator: " "))\n"
    }
  }

  private let file: CSVFile

  /// Throws: `TrainingError.write`.
  package init(path: String) throws { file = try CSVFile(path: path, header: Self.header) }

  /// Throws: `TrainingError.write`.
  package func add(_ row: Row) throws { try file.add(row.line) }

  /// The rows as they stand there, repeated and missing ones too.
  ///
  /// Throws: `DataError` for a file that is missing, unreadable, or has a line that is none.
  package static func rows(of path: String) throws -> [Row] {
    try Files.lines(of: path).dropFirst().enumerated().map { index, line in
      let parts = line.split(separator: ",", omittingEmptySubsequences: false)
      let samples = parts.last?.split(separator: " ").map { Int($0) } ?? []
      guard parts.count == 5, let step = Int(parts[0]), let stage = Int(parts[1]),
        let epoch = Int(parts[2]), let count = Int(parts[3]), !samples.contains(nil)
      else {
        throw DataError(
          file: path, problem: "line \(index + 2) is no \(header)",
          advice: "Fetch the job's files again")
      }
      return Row(
        step: step, stage: stage, epoch: epoch, count: count, samples: samples.compactMap { $0 })
    }
  }
}
