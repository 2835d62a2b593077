/// The scores of an experiment's runs, and what they say of its claims.
package struct ExperimentResults: Sendable {
  package struct ClaimResult: Sendable {
    package let claim: Claim
    /// One for each seed that has all of the scores, in the order of seeds.
    package let values: [Double]
    package let verdict: Verdict

    package var interval: MeanInterval? { values.isEmpty ? nil : MeanInterval(values) }
  }

  package let experiment: Experiment
  package let seeds: [Int]
  /// By arm or preparation, and seed.
  private var scores: [String: [Int: [Progress.SplitScores]]] = [:]

  package init(_ experiment: Experiment, seeds: [Int]) {
    self.experiment = experiment
    self.seeds = seeds
  }

  package mutating func add(_ result: [Progress.SplitScores], arm: String, seed: Int) {
    scores[arm, default: [:]][seed] = result
  }

  /// Nil where the run is missing or has no such score.
  package func value(_ measure: Measure, of arm: String, seed: Int) -> Double? {
    scores[arm]?[seed]?.first { $0.split == measure.split }?
      .scores.first { $0.name == measure.score }?.value
  }

  /// Of all seeds that have the score.
  package func values(_ measure: Measure, of arm: String) -> [Double] {
    seeds.compactMap { value(measure, of: arm, seed: $0) }
  }

  /// In the order of the experiment's claims.
  package var claims: [ClaimResult] {
    let gates = experiment.claims.filter(\.isGate)
    let isOpen = gates.allSatisfy { gate in
      let values = values(of: gate.statement.quantity)
      return values.isEmpty || gate.statement.isReached(by: MeanInterval(values))
    }
    return experiment.claims.map { claim in
      let values = values(of: claim.statement.quantity)
      let verdict: Verdict
      if values.isEmpty {
        verdict = .notRun
      } else if claim.isGate {
        verdict =
          claim.statement.isReached(by: MeanInterval(values)) ? .reproduced : .notReproduced
      } else {
        verdict = isOpen ? claim.statement.verdict(MeanInterval(values)) : .void
      }
      return ClaimResult(claim: claim, values: values, verdict: verdict)
    }
  }

  /// The quantity's value for each seed that has all of its scores.
  private func values(of quantity: Quantity) -> [Double] {
    seeds.compactMap { seed in
      var sum = 0.0
      for term in quantity.terms {
        guard let value = value(term.measure, of: term.arm, seed: seed) else { return nil }
        sum += term.factor * value
      }
      return sum
    }
  }
}
