import Cluster
import Data
import Foundation
import Training

/// Trains the runs of an experiment that have no result yet, and keeps each result as it comes.
final class ProofTraining {
  private let house: House
  private let training: JobTraining
  private let terminal: Terminal
  private let interrupts: Interrupts
  private var clock = ProofClock()

  init(
    _ house: House, _ training: JobTraining, on terminal: Terminal, _ interrupts: Interrupts
  ) {
    self.house = house
    self.training = training
    self.terminal = terminal
    self.interrupts = interrupts
  }

  /// Throws: `JobError` for a job that cannot be, before any is trained.
  func check(_ runs: [ProofRun], below folder: String) throws {
    for run in runs { _ = try Job(job(run, among: runs, below: folder), catalog: house.catalog) }
  }

  /// The results in the order of `runs`.
  ///
  /// `folder`: The experiment's; each run has a folder in it.
  ///
  /// Throws: what a training throws; `MissingScore`; `ExitReason` if a signal stopped it.
  func results(
    of runs: [ProofRun], experiment: Experiment, below folder: String
  ) throws -> [ProofResult] {
    var results = runs.map { run in
      ProofResult.stored(in: "\(folder)/\(run.folder)", digest: run.digest)
    }
    let known = results.count { $0 != nil }
    if known > 0 { terminal.line("\(experiment.name): \(known) of \(runs.count) runs are done") }
    for (run, result) in zip(runs, results) {
      if let seconds = result?.seconds { clock.add(seconds, arm: run.arm) }
    }
    for (index, run) in runs.enumerated() where results[index] == nil {
      let left = zip(runs, results).filter { $1 == nil }.map(\.0.arm)
      let eta = clock.remaining(left).map { ", about \(Numbers.duration($0)) to go" } ?? ""
      terminal.line(
        "\n\(experiment.name): \(run.arm), seed \(run.seed) (run \(index + 1) of \(runs.count)\(eta))"
      )
      let result = try train(run, among: runs, below: folder)
      try require(scoresOf: run, in: result, experiment)
      try result.store(in: "\(folder)/\(run.folder)")
      if let seconds = result.seconds { clock.add(seconds, arm: run.arm) }
      results[index] = result
    }
    return results.compactMap { $0 }
  }

  private func job(
    _ run: ProofRun, among runs: [ProofRun], below folder: String
  ) -> JobValue {
    let job = run.job(
      model: { digest in
        let source = runs.first { $0.digest == digest }?.folder ?? digest
        return "\(folder)/\(source)/\(Training.Checkpoint.modelFile)"
      }, output: "\(folder)/\(run.folder)")
    return JobFile("").absolutePaths(job)
  }

  private func train(
    _ run: ProofRun, among runs: [ProofRun], below folder: String
  ) throws -> ProofResult {
    let own = "\(folder)/\(run.folder)"
    var point: ResumePoint?
    if Files.isFolder(own) {
      point = try? ResumePoint(own)
      // Nothing in it can be continued.
      if point == nil { try FileManager.default.removeItem(atPath: own) }
    }
    let begin = MonotonicClock.seconds
    let checkpoint: Training.Checkpoint?
    do {
      checkpoint = try training.train(
        job(run, among: runs, below: folder), title: "\(run.arm) \(run.seed)", from: point)
    } catch {
      if let status = interrupts.status { throw status }
      Terminal.error.line("martlet: the run in \(own) failed; what it left is there")
      throw error
    }
    if let status = interrupts.status { throw status }
    guard let checkpoint else {
      throw TrainingError.checkpoint(path: own, problem: "has no whole checkpoint after the run")
    }
    return ProofResult(
      digest: run.digest, model: checkpoint.modelDigest, scores: checkpoint.progress.scores,
      seconds: point == nil ? MonotonicClock.seconds - begin : nil, build: Fingerprint.build,
      arithmetic: Version.arithmetic)
  }

  /// Every score that a claim names of this arm must be there.
  private func require(
    scoresOf run: ProofRun, in result: ProofResult, _ experiment: Experiment
  ) throws {
    let terms = experiment.claims.flatMap(\.statement.quantity.terms)
    for measure in terms.filter({ $0.arm == run.arm }).map(\.measure) {
      let split = result.scores.first { $0.split == measure.split }
      guard split?.scores.contains(where: { $0.name == measure.score }) != true else { continue }
      throw MissingScore(
        experiment: experiment.name, arm: run.arm, measure: measure,
        found: split?.scores.map(\.name) ?? result.scores.map { "the split \($0.split)" })
    }
  }

  /// A proof claims something of a score that the recipe does not give.
  struct MissingScore: ExplainedError {
    let experiment: String
    let arm: String
    let measure: Measure
    let found: [String]

    var description: String {
      "experiment \(experiment) compares \(measure.score) on \(measure.split), which \(arm) does "
        + "not have; it has \(found.joined(separator: ", ")). Correct the recipe's proof"
    }
  }
}
