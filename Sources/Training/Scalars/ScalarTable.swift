/// Writes scalars as long-form CSV: `step,name,value`, one line a number, appended.
package final class ScalarTable {
  private let file: CSVFile

  /// Throws: `TrainingError.write`.
  package init(path: String) throws { file = try CSVFile(path: path, header: "step,name,value") }

  /// Throws: `TrainingError.write`.
  package func add(_ scalars: [(tag: String, value: Double)], step: Int) throws {
    try file.add(scalars.map { "\(step),\($0.tag),\($0.value)\n" }.joined())
  }
}
