import Cluster
import Data
import Foundation
import Messages
import Training

/// Trains jobs, one after another, in this process or on a coordinator and workers of this machine,
/// which start with the first job.
final class JobTraining {
  private let house: House
  private let workers: Int
  private let exchange: ExchangeMode
  private let compute: ComputeOptions
  private let terminal: Terminal
  private let interrupts: Interrupts
  private var cluster: (processes: LocalCluster, connection: ClusterConnection)?

  /// `workers`: 1 for this process.
  init(
    _ house: House, workers: Int, exchange: ExchangeMode, compute: ComputeOptions,
    on terminal: Terminal, _ interrupts: Interrupts
  ) {
    self.house = house
    self.workers = workers
    self.exchange = exchange
    self.compute = compute
    self.terminal = terminal
    self.interrupts = interrupts
  }

  /// Trains a job to its end, or until a signal stops it.
  ///
  /// `value`: A job with output; `title`: what a live line calls it.
  ///
  /// Returns: the newest checkpoint; nil if it was stopped before the first.
  ///
  /// Throws: what a training throws; `JobEnded`, `LocalCluster.ChildFailed`.
  func train(_ value: JobValue, title: String, from point: ResumePoint?) throws
    -> Training.Checkpoint?
  {
    if workers == 1 && exchange == .direct {
      return try trainHere(try Job(value, catalog: house.catalog), title, point)
    }
    return try trainOnWorkers(value, title, point)
  }

  /// Ends the processes it started.
  func stop() {
    cluster?.processes.stop()
    cluster = nil
  }

  private func trainHere(
    _ job: Job, _ title: String, _ point: ResumePoint?
  ) throws -> Training.Checkpoint? {
    let display = TrainingDisplay(terminal, title: title)
    defer { display.finish() }
    let run = try LocalRun(
      job, catalog: house.catalog, output: job.output ?? "", threads: compute.threadCount(),
      resume: point?.checkpoint, fingerprint: Fingerprint.byName, show: display.show)
    interrupts.handle { run.stop() }
    return try run.run().checkpoint
  }

  private func trainOnWorkers(
    _ job: JobValue, _ title: String, _ point: ResumePoint?
  ) throws -> Training.Checkpoint? {
    let connection = try connection()
    let submitted = try connection.submit(
      Messages.Submit(
        specification: try jsonLine(job), name: title,
        resume: point.map { JobFile("").absolute($0.checkpoint.path) } ?? ""))
    try JobFollower(connection, submitted.job, terminal).follow { interrupts.status == nil }
    if interrupts.status != nil {
      try connection.cancel(submitted.job, reason: "interrupted")
      try waitForLastCheckpoint(of: submitted.job, connection)
    }
    let shelf = CheckpointShelf(folder: "\(submitted.output)/checkpoints", keep: 1)
    return shelf.newestValid().0
  }

  private func connection() throws -> ClusterConnection {
    if let cluster {
      try cluster.processes.check()
      return cluster.connection
    }
    let processes = try LocalCluster()
    interrupts.handle(stop: {}, end: { processes.stop() })
    do {
      let connection = try processes.startWorkers(
        workers, threads: compute.threadCount(sharedBy: workers), exchange: exchange,
        isa: compute.isa)
      cluster = (processes, connection)
      return connection
    } catch {
      processes.stop()
      throw error
    }
  }

  /// A cancelled job's last step is stored once more; that takes a moment.
  private func waitForLastCheckpoint(of job: JobID, _ connection: ClusterConnection) throws {
    let end = Date().addingTimeInterval(5)
    while Date() < end {
      let status = try connection.show(job).status
      if status.step == 0 || (status.checkpoint?.position.step ?? 0) >> 4 >= status.step { return }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }
}
