import Data
import Training

/// A checkpoint that a person names: its folder, or the folder of the run it belongs to.
package struct ResumePoint {
  package let checkpoint: Training.Checkpoint
  /// The run's folder, where it has the shape of one.
  package let run: String?
  /// Newer checkpoints that are damaged, and why.
  package let problems: [String]

  /// Throws: `TrainingError.checkpoint`.
  package init(_ path: String) throws {
    if Files.isFolder("\(path)/checkpoints") {
      let shelf = CheckpointShelf(folder: "\(path)/checkpoints", keep: 1)
      let (newest, problems) = shelf.newestValid()
      guard let newest else {
        let found = problems.isEmpty ? "none is in it" : problems.joined(separator: "; ")
        throw TrainingError.checkpoint(path: path, problem: "has no whole checkpoint: \(found)")
      }
      self.problems = problems
      checkpoint = newest
      run = path
    } else {
      checkpoint = try Training.Checkpoint.open(path)
      problems = []
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      run = parts.last == "checkpoints" ? parts.dropLast().joined(separator: "/") : nil
    }
  }
}
