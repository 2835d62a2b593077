import Collectives
import Data
import Layers
import Synchronization

/// A whole job in this process, without coordinator: the same trainer, replicas and files as on a
/// cluster, and so the same weights to the bit.
package final class LocalRun: TrainingObserver, @unchecked Sendable {
  /// What happens, in order, for whoever shows it.
  package enum Event: Sendable {
    case began(totalSteps: Int, report: LoadReport?)
    case step(StepReport)
    case pass(PassReport)
    case checkpoint(Checkpoint, isBest: Bool)
  }

  package struct Result: Sendable {
    package let ending: TrainingLoop.Ending
    package let checkpoint: Checkpoint?
    package let progress: Progress
    package let folder: String
  }

  private let trainer: Trainer
  private let folder: RunFolder
  private let threads: Int
  private let show: (Event) -> Void
  private let stopped = Atomic<Bool>(false)
  private var newest: Checkpoint?

  /// `threads`: Replicas that compute at once.
  ///
  /// `resume`: Continue this checkpoint's progress.
  ///
  /// `fingerprint`: Of this process's arithmetic, for a later `martlet verify`; empty to record none.
  package init(
    _ job: Job, catalog: Catalog, output: String, threads: Int, resume: Checkpoint? = nil,
    fingerprint: [String: String] = [:], show: @escaping (Event) -> Void
  ) throws {
    trainer = try Trainer(job, catalog: catalog)
    var report = trainer.loadReport
    if let resume { report = try trainer.resume(resume) }
    folder = try RunFolder(
      path: output, job: job, continuing: resume != nil, from: trainer.progress.step)
    if !fingerprint.isEmpty {
      try folder.add(
        RunStart(step: trainer.progress.step, fingerprint: fingerprint, job: job.value))
    }
    self.threads = threads
    self.show = show
    show(.began(totalSteps: trainer.totalSteps, report: report))
  }

  /// Asks a run to stop at the next step boundary; from any thread.
  package func stop() { stopped.store(true, ordering: .relaxed) }

  package func run() throws -> Result {
    let group = ReplicaGroup(
      replicas: trainer.job.replicas, hosted: 0..<trainer.job.replicas,
      permits: ComputePermits(count: threads), link: nil)
    let loop = TrainingLoop(
      trainer, group: group, scratch: folder.shelf.folder, observer: self)
    let ending = try loop.run()
    if ending == .stopped {
      try checkpointWritten(
        Checkpoint.write(trainer, into: folder.shelf.folder), isBest: false)
    } else if let newest {
      try folder.finish(newest)
      try Files.write(
        trainer.contactSheet().pngBytes(), to: "\(folder.path)/\(RunFolder.contactSheetFile)")
    }
    return Result(
      ending: ending, checkpoint: newest, progress: trainer.progress, folder: folder.path)
  }

  package func shouldStop(before position: UInt64) -> Bool { stopped.load(ordering: .relaxed) }

  package func stepCommitted(_ report: StepReport) throws {
    try folder.add(report.scalars, step: report.step + 1)
    try folder.add(report.digest, step: report.step + 1, passes: 0)
    if let delivery = report.delivery { try folder.add(delivery) }
    show(.step(report))
  }

  package func passCommitted(_ report: PassReport) throws {
    try folder.add(report.split, report.scores, step: report.step)
    try folder.add(report.digest, step: report.step, passes: report.number)
    show(.pass(report))
  }

  package func checkpointWritten(_ checkpoint: Checkpoint, isBest: Bool) throws {
    newest = checkpoint
    folder.keep(checkpoint)
    show(.checkpoint(checkpoint, isBest: isBest))
  }
}
