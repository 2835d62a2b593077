import Data
import Foundation
import Layers
import Messages
import Tensors
import Training
import Transport

/// Tells the coordinator what a training commits: reports and checkpoints from the worker that hosts
/// replica 0, rates from all. Every member knows each report, should that worker die before it spoke.
final class WorkerReporter: TrainingObserver {
  private let job: JobID
  private let generation: Generation
  private let totalSteps: Int
  private let isLeader: Bool
  private let files: WorkerFiles
  private let gate: CommitGate
  private let send: (WorkerMessage) -> Void
  private let note: (String) -> Void
  private let committed: (Messages.StepReport) -> Void
  /// With the bytes that stay between steps and the most that a step needs.
  private let measured: (Training.StepReport, UInt64, UInt64) -> Void
  private var lastLoss = 0.0

  init(
    job: JobID, generation: Generation, totalSteps: Int, isLeader: Bool,
    files: WorkerFiles, gate: CommitGate, send: @escaping (WorkerMessage) -> Void,
    note: @escaping (String) -> Void,
    committed: @escaping (Messages.StepReport) -> Void,
    measured: @escaping (Training.StepReport, UInt64, UInt64) -> Void
  ) {
    self.job = job
    self.generation = generation
    self.totalSteps = totalSteps
    self.isLeader = isLeader
    self.files = files
    self.gate = gate
    self.send = send
    self.note = note
    self.committed = committed
    self.measured = measured
  }

  func shouldStop(before position: UInt64) -> Bool {
    !gate.enter(position) || !files.isWanted()
  }

  func stepCommitted(_ report: Training.StepReport) {
    let usage = MemoryPool.shared.usage
    measured(report, UInt64(usage.live), UInt64(max(usage.live, usage.peak)))
    lastLoss = report.numbers.first?.value ?? 0
    var message = Messages.StepReport(
      position: Position(step: UInt64(report.step + 1) << 4), step: UInt64(report.step + 1),
      stepsTotal: UInt64(totalSteps), loss: lastLoss)
    message.scalars = report.scalars.map { NamedNumber($0.name, $0.value) }
    message.learningRate = report.learningRate
    message.samples = UInt64(report.samples)
    message.skippedSamples = UInt64(report.totalSkipped)
    message.seconds = report.seconds.total
    message.computeSeconds = report.seconds.compute
    message.exchangeSeconds = report.seconds.exchange
    message.inputSeconds = report.seconds.input
    message.digest = report.digest
    // Episodes may hold more samples than slots; a step without its record is then found missing.
    if let row = report.delivery, row.samples.count <= WireLimits.deliveredSamples {
      message.delivery = Delivery(
        stage: UInt32(row.stage), epoch: UInt64(row.epoch), count: UInt64(row.count),
        samples: row.samples.map { UInt32($0) })
    }
    tell(message)
  }

  func passCommitted(_ report: PassReport) {
    var message = Messages.StepReport(
      position: Position(step: UInt64(report.step) << 4 | UInt64(report.number)),
      step: UInt64(report.step), stepsTotal: UInt64(totalSteps), loss: lastLoss)
    message.scalars = report.scores.map { NamedNumber("\(report.split)/\($0.name)", $0.value) }
    message.digest = report.digest
    tell(message)
  }

  private func tell(_ report: Messages.StepReport) {
    committed(report)
    guard isLeader else { return }
    send(.stepReports(StepReports(job: job, generation: generation, reports: [report])))
  }

  /// How long the last state of a finished training waits for a store that does not take it.
  private static let lastPatience = Duration.seconds(600)

  /// A checkpoint on the way that the store does not take, as for lack of room, is left out: the
  /// next one may fit, and the training is worth more than either. The last one waits.
  func checkpointWritten(_ checkpoint: Training.Checkpoint, isBest: Bool) throws {
    guard checkpoint.progress.step < totalSteps else {
      return try files.store(checkpoint, patience: Self.lastPatience) { [job, note] in
        note("\(job): the finished training is not stored yet: \($0)")
      }
    }
    do { try files.store(checkpoint) } catch TransportError.transferFailed(
      let name, let reason, let advice)
    {
      guard files.isWanted() else { return }
      note("\(job): training on without a checkpoint: \(name): \(reason); \(advice)")
    }
  }

  /// Stores how the initial weights fitted, beside the job's results.
  func upload(_ report: LoadReport, scratch: String) throws {
    let path = "\(scratch)/\(RunFolder.initialWeightsFile)"
    let gaps = report.isComplete ? "all names and shapes agree" : report.gaps
    try Files.makeFolder(scratch)
    try Files.write(
      Array("\(report.loaded.count) tensors loaded; \(gaps)\n".utf8), to: path)
    try files.upload(path, to: RunFolder.initialWeightsFile)
  }

  /// Draws the contact sheet and stores it with the job.
  func uploadPictures(of trainer: Trainer, scratch: String) throws -> [Artifact] {
    let path = "\(scratch)/\(RunFolder.contactSheetFile)"
    try Files.write(trainer.contactSheet().pngBytes(), to: path)
    return [try files.upload(path, to: RunFolder.contactSheetFile)]
  }
}
