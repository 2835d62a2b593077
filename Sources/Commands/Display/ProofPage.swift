import Training

/// The page of a proof's results: what was claimed, what was measured, what that says.
///
/// The same on a terminal and as `docs/results/NAME.md`; it has no date, and what people write below
/// its heading `Notes` stays.
package struct ProofPage {
  private struct Section {
    let results: ExperimentResults
    let jobs: [ProofRun]
    let seconds: [Double]
  }

  private let recipe: String
  private let proof: Proof
  private let command: String
  private let machine: String
  private let version: String
  private let isQuick: Bool
  private var sections: [Section] = []
  private var leftOut: [Experiment] = []
  private var arithmetics: [String] = []
  private var builds: Set<String> = []
  /// Kept from the page that this one replaces.
  package var notes = ""

  private static let notesHeading = "## Notes"

  /// `command`: What makes this page; `machine`: where it was made.
  package init(
    recipe: String, proof: Proof, command: String, machine: String, version: String, isQuick: Bool
  ) {
    self.recipe = recipe
    self.proof = proof
    self.command = command
    self.machine = machine
    self.version = version
    self.isQuick = isQuick
  }

  /// The results of an experiment's runs.
  package mutating func add(
    _ experiment: Experiment, seeds: [Int], _ done: [(run: ProofRun, result: ProofResult)]
  ) {
    var results = ExperimentResults(experiment, seeds: seeds)
    for (run, result) in done {
      for seed in run.serves { results.add(result.scores, arm: run.arm, seed: seed) }
      if !arithmetics.contains(result.arithmetic) { arithmetics.append(result.arithmetic) }
      builds.insert(result.build)
    }
    sections.append(
      Section(
        results: results, jobs: done.map(\.run), seconds: done.compactMap(\.result.seconds)))
  }

  /// Says that an experiment was not run.
  package mutating func leaveOut(_ experiment: Experiment) { leftOut.append(experiment) }

  /// Whether every claim that was tried is reproduced.
  package var isReproduced: Bool {
    let verdicts = sections.flatMap(\.results.claims).map(\.verdict).filter { $0 != .notRun }
    return !verdicts.isEmpty && verdicts.allSatisfy { $0 == .reproduced }
  }

  /// What a person wrote below a page's notes heading, with it.
  package static func notes(in page: String) -> String {
    guard let place = page.firstRange(of: "\n\(notesHeading)\n") else { return "" }
    var notes = page[page.index(after: place.lowerBound)...]
    while notes.last == "\n" { notes = notes.dropLast() }
    return String(notes)
  }

  package var text: String {
    var parts = ["# Proof: `\(recipe)`", proof.about, "```\n\(command)\n```"]
    if isQuick {
      parts.append("**A quick run: it shows that everything works, and nothing of the claims.**")
    } else {
      parts.append(summary)
    }
    parts += sections.map { text(of: $0) }
    for experiment in leftOut {
      let need = experiment.folder.map { ": it needs \($0), given by `--data \(experiment.name)=`" }
      parts.append("## \(experiment.name)\n\nNot run\(need ?? "").")
    }
    parts.append(footer)
    if !notes.isEmpty { parts.append(notes) }
    return parts.joined(separator: "\n\n")
  }

  /// How many claims came out how.
  private var summary: String {
    let verdicts = sections.flatMap(\.results.claims).filter { !$0.claim.isGate }.map(\.verdict)
    var known: [Verdict] = []
    for verdict in verdicts where !known.contains(verdict) { known.append(verdict) }
    let counts = known.map { verdict in
      "\(verdicts.count { $0 == verdict }) \(verdict.rawValue)"
    }
    return "**Verdict: of \(verdicts.count) claims \(counts.joined(separator: ", ")).**"
  }

  private func text(of section: Section) -> String {
    let results = section.results
    let experiment = results.experiment
    var parts = ["## \(experiment.name)"]
    if !experiment.about.isEmpty { parts.append(experiment.about) }
    parts.append(ProofTables.scores(results).markdown)
    let seeds = results.seeds.map { "\($0)" }.joined(separator: ", ")
    parts.append(
      results.seeds.count == 1
        ? "One seed, final weights."
        : "Mean ± standard deviation over the seeds \(seeds), final weights.")
    parts.append(ProofTables.claims(results).markdown)
    if results.seeds.count > 1 { parts.append(ProofTables.bySeed(results).markdown) }
    parts.append("The job of every arm, with what an arm changes in the first table:")
    parts.append(block(experiment.job, experiment.quick))
    for preparation in experiment.preparations {
      parts.append(
        "Before it, `\(preparation.name)` (\(preparation.about)); its weights are the arms' "
          + "`\(preparation.key)`"
          + (preparation.isShared ? ", one training for all seeds:" : ":"))
      parts.append(block(preparation.job, preparation.quick))
    }
    if !section.seconds.isEmpty {
      let mean = section.seconds.reduce(0, +) / Double(section.seconds.count)
      parts.append(
        "\(section.jobs.count) runs, about \(Numbers.duration(mean)) each.")
    }
    return parts.joined(separator: "\n\n")
  }

  private func block(_ job: JobValue, _ quick: [String: JobValue]) -> String {
    "```yaml\n\(JobText.lines(isQuick ? job.with(quick) : job))\n```"
  }

  private var footer: String {
    let lines = [
      "Differences are paired: of the same seed, and so of the same data order. The interval is "
        + "Student's, at 95 %. A claim is *reproduced* if the mean reaches its bound and the "
        + "interval excludes the opposite: zero, or the bound of a claim that allows a small loss. "
        + "It is *not reproduced* if the whole interval falls short of the bound, and otherwise "
        + "*inconclusive*; of a *condition* the mean decides.",
      "Machine: \(machine); martlet \(version)"
        + (arithmetics.isEmpty ? "" : ", " + arithmetics.joined(separator: " and "))
        + (builds.count > 1 ? "; runs of \(builds.count) builds of the program" : "") + ".",
    ]
    return lines.joined(separator: "\n\n")
  }
}
