import ArgumentParser
import Cluster
import Data
import Foundation
import Training

/// The experiments of a recipe's proof, run and judged.
struct Prove: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a recipe's paper claims: train with the method on and off.",
    discussion: """
      Every arm of the recipe's experiments is trained with every seed; the table has means, \
      deviations, paired differences with 95 % intervals and a verdict for each claim. What is \
      finished is kept: the same command goes on where it was stopped, and more seeds or arms only \
      add runs. A complete proof is written to docs/results/NAME.md.
      """)

  @Argument(help: "The recipe's name.") var name: String

  @Option(help: "Seeds of every arm, 1 and up; the proof's own number by default.") var seeds: Int?

  @Option(help: ArgumentHelp("Only these arms.", valueName: "a,b")) var arms: String?

  @Option(help: ArgumentHelp("Only these experiments.", valueName: "x,y")) var experiments: String?

  @Option(
    help: ArgumentHelp(
      "Folder of real data for an experiment that needs it. Repeatable.",
      valueName: "experiment=folder"))
  var data: [String] = []

  @Flag(help: "A short run of everything: that it works, and nothing of the claim.")
  var quick = false

  @Option(help: "Folder of the runs; runs/prove/NAME by default.", completion: .directory)
  var output: String?

  @Option(help: "File for the page of results.", completion: .file(extensions: ["md"]))
  var write: String?

  @Option(help: "Worker processes.") var workers = 1

  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard (1...256).contains(workers) else { throw ValidationError("--workers must be 1 to 256.") }
    guard (1...1000).contains(seeds ?? 1) else {
      throw ValidationError("--seeds must be 1 to 1000.")
    }
  }

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    let recipe = try house.catalog.recipe(named: name)
    guard let proof = recipe.proof else {
      let others = house.catalog.names.filter {
        (try? house.catalog.recipe(named: $0))?.proof != nil
      }
      throw JobError(
        "", "recipe \(name) has no proof; those with one: \(others.joined(separator: ", "))")
    }
    let folders = try dataFolders(proof)
    let chosen = try chosenExperiments(proof, folders)
    let terminal = Terminal.output
    let interrupts = Interrupts()
    let training = JobTraining(
      house, workers: workers, exchange: .direct, compute: compute, on: terminal, interrupts)
    defer { training.stop() }
    let own = ProofTraining(house, training, on: terminal, interrupts)
    let folder = JobFile("").absolute(output ?? "runs/prove/\(name)")

    var plans: [(experiment: Experiment, seeds: [Int], runs: [ProofRun])] = []
    for experiment in chosen {
      let seeds = Array(1...(seeds ?? (quick ? 1 : experiment.seeds)))
      let runs = try experiment.runs(
        recipe: name, seeds: seeds, arms: armNames, isQuick: quick,
        data: folders[experiment.name])
      try own.check(runs, below: "\(folder)/\(experiment.name)")
      plans.append((experiment, seeds, runs))
    }
    var page = ProofPage(
      recipe: name, proof: proof, command: command, machine: HostFacts.machine,
      version: Version.current, isQuick: quick)
    for (experiment, seeds, runs) in plans {
      let results: [ProofResult]
      do {
        results = try own.results(
          of: runs, experiment: experiment, below: "\(folder)/\(experiment.name)")
      } catch let status as ExitReason {
        terminal.line("\nStopped. The same command goes on from here.")
        throw status
      }
      page.add(experiment, seeds: seeds, zip(runs, results).map { ($0, $1) })
    }
    for experiment in proof.experiments
    where !chosen.contains(where: { $0.name == experiment.name }) {
      page.leaveOut(experiment)
    }
    terminal.line("\n" + page.text)
    try store(page, isWhole: isWhole(proof, chosen))
    guard quick || page.isReproduced else { throw ExitReason.unproven }
  }

  /// Where a page of results goes; what a person wrote below its notes stays.
  private func store(_ page: ProofPage, isWhole: Bool) throws {
    guard write != nil || isWhole else {
      Terminal.output.line("\nNot the whole proof: no page is written without --write FILE.")
      return
    }
    let path = JobFile("").absolute(write ?? "docs/results/\(name).md")
    var page = page
    page.notes = ProofPage.notes(in: (try? Files.text(of: path)) ?? "")
    try Files.makeFolder(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
    try Files.write(Array((page.text + "\n").utf8), to: path)
    Terminal.output.line("\nWritten to \(path)")
  }

  private func isWhole(_ proof: Proof, _ chosen: [Experiment]) -> Bool {
    !quick && arms == nil && chosen.count == proof.experiments.count
      && chosen.allSatisfy { seeds ?? $0.seeds >= $0.seeds }
  }

  /// As somebody else would type it.
  private var command: String {
    var parts = ["martlet prove \(name)"]
    if let seeds { parts.append("--seeds \(seeds)") }
    if let arms { parts.append("--arms \(arms)") }
    if let experiments { parts.append("--experiments \(experiments)") }
    for text in data { parts.append("--data \(text.prefix { $0 != "=" })=FOLDER") }
    if quick { parts.append("--quick") }
    return parts.joined(separator: " ")
  }

  private var armNames: [String]? {
    arms.map { $0.split(separator: ",").map { String($0) } }
  }

  private func chosenExperiments(
    _ proof: Proof, _ folders: [String: String]
  ) throws -> [Experiment] {
    let names = experiments?.split(separator: ",").map { String($0) }
    for name in names ?? [] where !proof.experiments.contains(where: { $0.name == name }) {
      throw JobError(
        "",
        "--experiments \(name): \(self.name) has "
          + proof.experiments.map(\.name).joined(separator: ", "))
    }
    for arm in armNames ?? [] {
      let known = proof.experiments.flatMap { $0.arms.map(\.name) }
      guard !known.contains(arm) else { continue }
      throw JobError("", "--arms \(arm): \(name) has \(known.joined(separator: ", "))")
    }
    return try proof.experiments.filter { experiment in
      guard names?.contains(experiment.name) ?? true,
        armNames.map({ names in experiment.arms.contains { names.contains($0.name) } }) ?? true
      else { return false }
      guard let needed = experiment.folder, folders[experiment.name] == nil else { return true }
      let hint = "--data \(experiment.name)=FOLDER, where the folder has \(needed)"
      guard names == nil else { throw JobError("", "experiment \(experiment.name) needs \(hint)") }
      Terminal.error.line("martlet: experiment \(experiment.name) is left out; it needs \(hint)")
      return false
    }
  }

  private func dataFolders(_ proof: Proof) throws -> [String: String] {
    var folders: [String: String] = [:]
    for text in data {
      let parts = text.split(separator: "=", maxSplits: 1).map { String($0) }
      guard parts.count == 2 else {
        throw JobError("", "--data \(text): write experiment=folder")
      }
      guard proof.experiments.contains(where: { $0.name == parts[0] && $0.folder != nil }) else {
        let known = proof.experiments.filter { $0.folder != nil }.map(\.name)
        throw JobError(
          "",
          "--data \(text): no experiment of that name needs a folder"
            + (known.isEmpty ? "" : "; those that do: \(known.joined(separator: ", "))"))
      }
      folders[parts[0]] = JobFile("").absolute(parts[1])
    }
    return folders
  }
}
