import FoundationEssentials
import Layers

/// One training of a proof: an arm or a preparation with one seed.
package struct ProofRun: Sendable {
  /// The arm's or the preparation's name.
  package let arm: String
  package let seed: Int
  package let isPreparation: Bool
  /// The seeds of the experiment that it serves: its own, or all.
  package let serves: [Int]
  /// Where the model of a preparation goes, and the digest of its run.
  package let takes: [(key: String, digest: String)]
  /// Tells trainings apart: of the job, and through what it takes of the jobs before it.
  package let digest: String
  /// With digests in place of the files it takes, without output.
  private let job: JobValue

  /// For people to find it, and the same for the same training alone.
  package var folder: String { "\(arm)-seed\(seed)-\(digest.prefix(8))" }

  /// `model`: The model file of the run with a digest; `output`: the run's own folder.
  package func job(model: (String) -> String, output: String) -> JobValue {
    var job = takes.reduce(job) { $0.with($1.key, .text(model($1.digest))) }
    job.set(["output"], to: .text(output))
    // So that a killed run loses little; without effect on the result.
    if job[path: "checkpoint"] == nil {
      job = job.with("checkpoint", ["everySteps": 500, "keep": 1])
    }
    return job
  }

  fileprivate init(
    _ arm: String, seed: Int, serves: [Int], isPreparation: Bool = false, job: JobValue,
    takes: [(key: String, digest: String)] = []
  ) throws {
    self.arm = arm
    self.seed = seed
    self.serves = serves
    self.isPreparation = isPreparation
    self.job = job.with("seed", .integer(seed))
    self.takes = takes
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    digest = Digest.sha256([UInt8](try encoder.encode(self.job)))
  }
}

extension Experiment {
  /// All trainings, in an order in which each comes after what it takes; seed by seed, so that
  /// comparisons are whole early.
  ///
  /// `recipe`: Of jobs that name none.
  ///
  /// `arms`: The names of those to train; all by default.
  ///
  /// `data`: The folder of real data.
  package func runs(
    recipe: String, seeds: [Int], arms names: [String]? = nil, isQuick: Bool = false,
    data: String? = nil
  ) throws -> [ProofRun] {
    func complete(_ job: JobValue, _ changes: [[String: JobValue]]) -> JobValue {
      var job = job
      if job[path: "recipe"] == nil { job = job.with("recipe", .text(recipe)) }
      if let data, job[path: "data.world"] == nil { job = job.with("data.path", .text(data)) }
      return changes.reduce(job) { $0.with($1) }
    }
    var runs: [ProofRun] = []
    for seed in seeds {
      var prepared: [(preparation: Preparation, digest: String)] = []
      for preparation in preparations {
        let own = preparation.isShared ? 1 : seed
        let run = try ProofRun(
          preparation.name, seed: own, serves: preparation.isShared ? seeds : [seed],
          isPreparation: true,
          job: complete(preparation.job, isQuick ? [preparation.quick] : []))
        prepared.append((preparation, run.digest))
        if !runs.contains(where: { $0.digest == run.digest }) { runs.append(run) }
      }
      for arm in arms where names?.contains(arm.name) ?? true {
        let given = Dictionary(
          uniqueKeysWithValues: prepared.map { ($0.preparation.key, JobValue.text($0.digest)) })
        let job = complete(self.job, [given, arm.changes] + (isQuick ? [quick] : []))
        let takes = prepared.filter { job[path: $0.preparation.key] == .text($0.digest) }
        runs.append(
          try ProofRun(
            arm.name, seed: seed, serves: [seed], job: job,
            takes: takes.map { ($0.preparation.key, $0.digest) }))
      }
    }
    return runs
  }
}

extension JobValue {
  /// With several keys changed; in the order of their names, so that a map comes before its keys.
  package func with(_ changes: [String: JobValue]) -> JobValue {
    changes.sorted { $0.key < $1.key }.reduce(self) { $0.with($1.key, $1.value) }
  }
}
