import Collectives
import Synchronization

/// Repeats a part of a recorded training in this process and compares its digests with the record.
/// Writes nothing.
package final class Verification: TrainingObserver, @unchecked Sendable {
  package struct Difference: Sendable, Equatable {
    package let recorded: DigestTable.Row
    /// What was computed here; nil if the training has no such commit.
    package let found: String?
  }

  package struct Result: Sendable {
    /// Commits compared and found equal, up to the difference if there is one.
    package let agreed: Int
    package let difference: Difference?
    /// Steps done, less than asked for after `stop` or a difference.
    package let step: Int
  }

  private let trainer: Trainer
  private let threads: Int
  private let show: (LocalRun.Event) -> Void
  private let last: UInt64
  private var expected: [UInt64: DigestTable.Row] = [:]
  private var agreed = 0
  private var difference: Difference?
  private let stopped = Atomic<Bool>(false)

  /// `recorded`: What to compare, at least one commit; the training goes on until the last of them.
  ///
  /// `checkpoint`: Where to begin, before the first of them; nil for the job's beginning.
  ///
  /// `threads`: Replicas that compute at once.
  ///
  /// Throws: as `Trainer`; `TrainingError.checkpoint`.
  package init(
    _ job: Job, catalog: Catalog, recorded: [DigestTable.Row], checkpoint: Checkpoint?,
    threads: Int, show: @escaping (LocalRun.Event) -> Void
  ) throws {
    trainer = try Trainer(job, catalog: catalog)
    if let checkpoint { try trainer.resume(checkpoint) }
    for row in recorded { expected[Self.serial(row.step, row.passes)] = row }
    last = expected.keys.max() ?? 0
    self.threads = threads
    self.show = show
    show(.began(totalSteps: Int(last >> 4), report: nil))
  }

  /// Asks it to stop at the next step boundary; from any thread.
  package func stop() { stopped.store(true, ordering: .relaxed) }

  /// Throws: what ends a training.
  package func run() throws -> Result {
    let replicas = trainer.job.replicas
    let group = ReplicaGroup(
      replicas: replicas, hosted: 0..<replicas, permits: ComputePermits(count: threads), link: nil)
    _ = try TrainingLoop(trainer, group: group, scratch: nil, observer: self).run()
    if difference == nil, !stopped.load(ordering: .relaxed),
      let missing = expected.min(by: { $0.key < $1.key })
    {
      difference = Difference(recorded: missing.value, found: nil)
    }
    return Result(agreed: agreed, difference: difference, step: trainer.progress.step)
  }

  package func shouldStop(before position: UInt64) -> Bool {
    position > last || difference != nil || stopped.load(ordering: .relaxed)
  }

  package func stepCommitted(_ report: StepReport) {
    compare(report.digest, report.step + 1, passes: 0)
    show(.step(report))
  }

  package func passCommitted(_ report: PassReport) {
    compare(report.digest, report.step, passes: report.number)
    show(.pass(report))
  }

  /// Never called: the loop has nowhere to write one.
  package func checkpointWritten(_ checkpoint: Checkpoint, isBest: Bool) {}

  private func compare(_ digest: String, _ step: Int, passes: Int) {
    guard let row = expected.removeValue(forKey: Self.serial(step, passes)) else { return }
    if row.digest == digest {
      agreed += 1
    } else {
      difference = Difference(recorded: row, found: digest)
    }
  }

  private static func serial(_ step: Int, _ passes: Int) -> UInt64 {
    UInt64(step) << 4 | UInt64(passes)
  }
}
