import Training

/// What stands at the end of a training: scores, and where its results are.
package struct RunSummary: Sendable {
  package var scores: [Progress.SplitScores] = []
  package var best: Progress.Best?
  package var skippedSamples = 0
  /// What a person opens or passes on, in order: label and path or digest.
  package var results: [(label: String, value: String)] = []

  package init() {}

  package var text: String {
    var parts: [String] = []
    if !scores.isEmpty { parts.append(scoreTable(scores)) }
    var lines = TextTable([("", .left), ("", .left)])
    if let best { lines.add(["best", "\(best.name) at step \(best.step)"]) }
    if skippedSamples > 0 { lines.add(["skipped samples", "\(skippedSamples)"]) }
    for result in results { lines.add([result.label, result.value]) }
    parts.append(lines.text())
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }
}
