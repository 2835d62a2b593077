import Collectives
import Recipes
import TestSupport
import Training

/// Trains a whole job on several workers of this process and returns the final model's SHA-256 and
/// the digest of the last commit.
///
/// - `borders`: Where one worker's replicas end and the next one's begin.
/// - `threads`: Replicas of a worker that compute at once.
/// - `memoryBytes`: For decoded samples, of each worker; plenty without.
func digest(
  of small: SmallJob, borders: [Int], threads: Int = 2, memoryBytes: [Int]? = nil
) throws -> String {
  let job = try small.job()
  let ranges = TestCluster.ranges(job.replicas, borders)
  let links = ranges.count == 1 ? [] : MemoryNetwork().links(ranges)
  return try withTemporaryFolder { folder in
    let digests = ReplicaThreads.run(
      0..<ranges.count, permits: ComputePermits(count: ranges.count)
    ) { worker -> String? in
      let group = ReplicaGroup(
        replicas: job.replicas, hosted: ranges[worker], permits: ComputePermits(count: threads),
        link: links.isEmpty ? nil : links[worker])
      let observer = LastCheckpoint()
      let data = try memoryBytes.map { try RecipeData(job: job, memoryBytes: $0[worker]) }
      let trainer = try Trainer(job, catalog: houseCatalog, data: data)
      let loop = TrainingLoop(
        trainer, group: group, scratch: "\(folder)/\(worker)", observer: observer)
      _ = try loop.run()
      // Whatever changed was noticed: hashing everything anew says the same.
      guard trainer.digest == trainer.recomputedDigest() else { throw SplitTrainingError.stale }
      return observer.newest.map { "\($0.modelDigest) \(trainer.digest)" }
    }
    let found = try digests.compactMap { try $0.get() }
    guard found.count == 1 else { throw SplitTrainingError.checkpoints(found.count) }
    return found[0]
  }
}

/// Loss of a job's first step, the weights after it, and how far the one that moved most did.
func firstStep(
  of small: SmallJob
) throws -> (loss: Double, weights: [Float], moved: Float) {
  let job = try small.job()
  let trainer = try Trainer(job, catalog: houseCatalog)
  func weights() -> [Float] { trainer.program.parameters.flatMap { $0.value.elements } }
  let before = weights()
  try trainer.prepare(hosted: 0..<job.replicas)
  defer { trainer.stop() }
  let report = try trainer.runStep(
    ReplicaGroup(
      replicas: job.replicas, hosted: 0..<job.replicas, permits: ComputePermits(count: 2),
      link: nil))
  let after = weights()
  let moved = zip(before, after).map { abs($0 - $1) }.max() ?? 0
  return (report.numbers[0].value, after, moved)
}

/// Runs so many steps on all replicas of this process; the last one's report.
func firstSteps(_ trainer: Trainer, _ count: Int) throws -> StepReport? {
  let replicas = trainer.job.replicas
  try trainer.prepare(hosted: 0..<replicas)
  defer { trainer.stop() }
  var report: StepReport?
  for _ in 0..<count {
    report = try trainer.runStep(
      ReplicaGroup(
        replicas: replicas, hosted: 0..<replicas, permits: ComputePermits(count: 2), link: nil))
  }
  return report
}

enum SplitTrainingError: Error {
  /// Not one worker wrote the final checkpoint but so many.
  case checkpoints(Int)
  /// The last commit's digest is not that of what is in memory.
  case stale
}

private final class LastCheckpoint: TrainingObserver {
  var newest: Checkpoint?
  func stepCommitted(_ report: StepReport) throws {}
  func passCommitted(_ report: PassReport) throws {}
  func checkpointWritten(_ checkpoint: Checkpoint, isBest: Bool) throws { newest = checkpoint }
  func shouldStop(before position: UInt64) -> Bool { false }
}
