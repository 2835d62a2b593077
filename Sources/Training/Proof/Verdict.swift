/// What the seeds say of a claim.
package enum Verdict: String, Sendable, Codable {
  /// The mean reaches the bound, and the 95 % interval has no value on the wrong side of zero, or of
  /// the bound where that allows for a small loss.
  case reproduced
  /// The whole interval falls short of the bound.
  case notReproduced = "not reproduced"
  /// Neither: more seeds could tell. Always so with one seed.
  case inconclusive
  /// A condition of the experiment does not hold, so that it says nothing.
  case void
  /// A score is missing: not all arms were trained.
  case notRun = "not run"
}

extension Claim.Statement {
  /// What the quantity's values, one a seed, say of it.
  package func verdict(_ interval: MeanInterval) -> Verdict {
    guard let half = interval.half else { return .inconclusive }
    // Mirrored, so that only "at least" is left.
    let sign: Double = isAtLeast ? 1 : -1
    let (mean, bound) = (sign * interval.mean, sign * bound)
    if mean >= bound, mean - half >= min(bound, 0) { return .reproduced }
    return mean + half < bound ? .notReproduced : .inconclusive
  }

  /// Whether the mean alone reaches the bound: all that is asked of a condition.
  package func isReached(by interval: MeanInterval) -> Bool {
    isAtLeast ? interval.mean >= bound : interval.mean <= bound
  }
}
