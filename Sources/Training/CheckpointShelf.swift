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
  package var names: [String] { steps.map { Checkpoint.name(step: $0) } }

  /// Steps of complete checkpoints, in order.
  package var steps: [Int] {
    contents.compactMap(Self.step).sorted().filter {
      Files.isFile("\(folder)/\(Checkpoint.name(step: $0))/\(Checkpoint.manifestFile)")
    }
  }

  private var contents: [String] { (try? Files.names(in: folder)) ?? [] }

  /// The step of a checkpoint's folder, nil for drafts and other names.
  package static func step(of name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
    return Checkpoint.name(step: step) == name ? step : nil
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
  ///
  /// `newest`: The step just written. Later ones are of a run that was continued from an
  /// older checkpoint; they are not counted, and left for their owner to remove.
  package func prune(best: Int?, newest: Int = .max) {
    let past = names.filter { Self.step(of: $0).map { $0 <= newest } ?? false }
    for name in past.dropLast(keep) where name != best.map({ Checkpoint.name(step: $0) }) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
    for name in contents where name.hasSuffix(".writing") || name.hasSuffix(".old") {
      guard Self.step(of: String(name.prefix { $0 != "." })) != nil else { continue }
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }
}
