/// Something in a job file that cannot be: where, what was found, what was expected.
///
/// Final: a person must change the file or flag.
public struct JobError: Error, Equatable, CustomStringConvertible {
  /// The key, dotted: "optimizer.learningRate".
  public let key: String
  public let problem: String

  public init(_ key: String, _ problem: String) {
    self.key = key
    self.problem = problem
  }

  public var description: String { key.isEmpty ? "job: \(problem)" : "job key '\(key)': \(problem)" }
}

/// The known name nearest to a mistyped one, if it is near enough to be meant.
public func nearest(to name: String, among known: [String]) -> String? {
  let scored = known.map { (distance(Array(name.lowercased()), Array($0.lowercased())), $0) }
  guard let best = scored.min(by: { $0 < $1 }), best.0 <= max(2, name.count / 3) else { return nil }
  return best.1
}

/// Levenshtein's edit distance.
private func distance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let replaced = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
