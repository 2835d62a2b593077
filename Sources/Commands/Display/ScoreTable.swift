import Training

/// Scores of several splits side by side: one row a score.
package func scoreTable(_ splits: [Progress.SplitScores]) -> String {
  var names: [String] = []
  for split in splits {
    for score in split.scores where !names.contains(score.name) { names.append(score.name) }
  }
  var table = TextTable([("score", .left)] + splits.map { ($0.split, .right) })
  for name in names {
    table.add(
      [name]
        + splits.map { split in
          split.scores.first { $0.name == name }.map(shown) ?? "-"
        })
  }
  return table.text()
}

/// "45.1 %" or "1.234".
package func shown(_ score: Score) -> String {
  score.isFraction ? Numbers.percent(score.value, 1) : Numbers.compact(score.value)
}
