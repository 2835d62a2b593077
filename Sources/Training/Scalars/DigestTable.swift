import Data

/// The digests of a run's commits as CSV: `step,passes,digest`, one line a commit, appended.
///
/// `step` counts the steps done in all stages, `passes` what was committed after that step.
package final class DigestTable {
  package static let fileName = "digests.csv"

  /// A recorded commit.
  package struct Row: Sendable, Hashable {
    package let step: Int
    package let passes: Int
    package let digest: String

    package init(step: Int, passes: Int, digest: String) {
      self.step = step
      self.passes = passes
      self.digest = digest
    }
  }

  private let file: CSVFile

  /// Throws: `TrainingError.write`.
  package init(path: String) throws { file = try CSVFile(path: path, header: "step,passes,digest") }

  /// Throws: `TrainingError.write`.
  package func add(_ row: Row) throws {
    try file.add("\(row.step),\(row.passes),\(row.digest)\n")
  }

  /// The rows in order; of a commit that ran twice the last one, and no line that a crash cut off.
  ///
  /// Throws: `DataError` for a file that is missing or unreadable.
  package static func rows(of path: String) throws -> [Row] {
    var rows: [[Int]: Row] = [:]
    for line in try Files.lines(of: path) {
      let parts = line.split(separator: ",")
      guard parts.count == 3, let step = Int(parts[0]), let passes = Int(parts[1]),
        Hash128(String(parts[2])) != nil
      else { continue }
      rows[[step, passes]] = Row(step: step, passes: passes, digest: String(parts[2]))
    }
    return rows.values.sorted { ($0.step, $0.passes) < ($1.step, $1.passes) }
  }
}
