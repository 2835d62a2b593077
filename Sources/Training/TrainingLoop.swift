import Collectives
import Tensors

/// What a running training tells whoever started it. Called on the training's own thread.
package protocol TrainingObserver: AnyObject {
  func stepCommitted(_ report: StepReport) throws
  func passCommitted(_ report: PassReport) throws
  /// On the worker that hosts replica 0 only: the folder is complete and the observer's to keep.
  func checkpointWritten(_ checkpoint: Checkpoint, isBest: Bool) throws
  /// Asked before every commit, and may wait: whether to stop here, between two commits.
  ///
  /// `position`: The serial of `Progress` after that commit; the present one once all is done.
  func shouldStop(before position: UInt64) -> Bool
}

/// Runs a trainer with one hosting of its replicas until the job is done or the hosting ends.
package final class TrainingLoop {
  package enum Ending: Equatable, Sendable {
    case finished
    /// The observer asked to stop; the state is committed.
    case stopped
  }

  private let trainer: Trainer
  private let group: ReplicaGroup
  private let observer: any TrainingObserver
  /// Where checkpoints are written before the observer takes them; nil to write none.
  private let scratch: String?

  package init(
    _ trainer: Trainer, group: ReplicaGroup, scratch: String?, observer: any TrainingObserver
  ) {
    self.trainer = trainer
    self.group = group
    self.scratch = scratch
    self.observer = observer
  }

  /// Throws: `ExchangeError.generationEnded` when the membership changed (committed state is kept;
  /// make a new loop), and what ends a job: `TrainingError`, `DataError`, other `ExchangeError`s.
  package func run() throws -> Ending {
    // Commits compute on this thread, which may be any; loader threads inherit its mode.
    try withDenormalsFlushed { try runToEnd() }
  }

  private func runToEnd() throws -> Ending {
    try trainer.prepare(hosted: group.hosted)
    defer { trainer.stop() }
    while true {
      let work = trainer.next
      if observer.shouldStop(before: trainer.progress.serial(after: work)) { return .stopped }
      switch work {
      case .step:
        try observer.stepCommitted(trainer.runStep(group))
        let every = trainer.job.checkpoint.everySteps
        let isDue = every > 0 && trainer.progress.step % every == 0
        if isDue, trainer.progress.step < trainer.totalSteps { try checkpoint(isBest: false) }
      case .pass(let split, let decidesBest):
        let report = try runPass(split, decidesBest)
        try observer.passCommitted(report)
        if report.isBest, trainer.progress.step < trainer.totalSteps {
          try checkpoint(isBest: true)
        }
      case .beginStage:
        group.activity.enter(.staging)
        try trainer.beginStage()
        try trainer.prepare(hosted: group.hosted)
      case .finished:
        try trainer.compareStates(group)
        try checkpoint(isBest: trainer.progress.best?.step == trainer.progress.step)
        return .finished
      }
    }
  }

  /// A training whose last pass fails for good is kept: only the pass has to be repeated.
  private func runPass(_ split: String, _ decidesBest: Bool) throws -> PassReport {
    do { return try trainer.runPass(split: split, decidesBest: decidesBest, group) } catch {
      if !(error is ExchangeError), trainer.progress.step == trainer.totalSteps {
        try checkpoint(isBest: false)
      }
      throw error
    }
  }

  private func checkpoint(isBest: Bool) throws {
    guard let scratch, group.hosted.contains(0) else { return }
    group.activity.enter(.storing)
    try observer.checkpointWritten(Checkpoint.write(trainer, into: scratch), isBest: isBest)
  }
}
