import Data
import FoundationEssentials

/// A folder of checkpoints that keeps the newest few and the best.
package struct CheckpointShelf: Sendable {
  package let folder: String
  package let keep: Int

  package init(folder: String, keep: Int) {
    self.folder = folder
    self.keep = keep
  }

  /// Names of complete checkpoints, oldest first.
  package var names: [String] {
    ((try? Files.names(in: folder)) ?? []).filter {
      $0.hasPrefix("step-") && Files.isFile("\(folder)/\($0)/\(Checkpoint.manifestFile)")
    }
  }

  /// The newest checkpoint whose files are as its manifest says, and why newer ones are not.
  package func newestValid() -> (Checkpoint?, problems: [String]) {
    var problems: [String] = []
    for name in names.reversed() {
      do { return (try Checkpoint.open("\(folder)/\(name)"), problems) } catch {
        problems.append("\(error)")
      }
    }
    return (nil, problems)
  }

  /// Removes what is neither among the newest `keep` nor of step `best`, and unfinished drafts.
  package func prune(best: Int?) {
    let names = names
    for name in names.dropLast(keep) where name != best.map({ Checkpoint.name(step: $0) }) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }
}
