/// How long the runs of a proof take, from those that are done.
package struct ProofClock: Sendable {
  private var seconds: [String: [Double]] = [:]

  package init() {}

  package mutating func add(_ seconds: Double, arm: String) {
    self.seconds[arm, default: []].append(seconds)
  }

  /// Of runs of these arms, one entry a run; nil before any run of whatever arm was measured.
  package func remaining(_ arms: [String]) -> Double? {
    let all = seconds.values.flatMap { $0 }
    guard !all.isEmpty else { return nil }
    let typical = all.reduce(0, +) / Double(all.count)
    return arms.reduce(0) { sum, arm in
      let own = seconds[arm] ?? []
      return sum + (own.isEmpty ? typical : own.reduce(0, +) / Double(own.count))
    }
  }
}
