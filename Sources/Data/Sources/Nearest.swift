/// The candidate a mistyped word most likely means; nil when none is near.
public func nearest(to word: String, among candidates: [String]) -> String? {
  // The cost is the product of the lengths; nobody mistypes a word so long.
  let candidates = candidates.filter { $0.utf8.count <= wordBytesMax }
  guard word.utf8.count <= wordBytesMax else { return nil }
  let distances = candidates.map { (editDistance(word.lowercased(), $0.lowercased()), $0) }
  guard let best = distances.min(by: { $0.0 < $1.0 }) else { return nil }
  return best.0 <= max(1, min(word.count, best.1.count) / 2) ? best.1 : nil
}

private let wordBytesMax = 256

/// Letters to insert, delete or replace (Levenshtein), swaps of neighbours counting once.
func editDistance(_ first: String, _ second: String) -> Int {
  let (a, b) = (Array(first), Array(second))
  var rows = [Array(0...b.count)]
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
      if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
        best = min(best, rows[i - 1][j - 1] + 1)
      }
      row.append(best)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
