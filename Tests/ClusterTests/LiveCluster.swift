import Cluster
import Collectives
import Foundation
import Messages
import Synchronization
import Training
import Transport

import Recipes

/// A coordinator and workers in this process, over real sockets, for the duration of a test.
final class LiveCluster {
  let folder: String
  let coordinator: CoordinatorProcess
  private(set) var workers: [WorkerProcess] = []
  private var threads: [OwnedThread] = []
  private let context: ZeroMQContext
  private let client: OperatorClient
  let notes = Notes()

  final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  init(folder: String, isInsecure: Bool = false) throws {
    self.folder = folder
    var settings = CoordinatorProcess.Settings(store: "\(folder)/store")
    settings.isInsecure = isInsecure
    let notes = notes
    let coordinator = try CoordinatorProcess(settings, catalog: houseCatalog) { notes.add($0) }
    self.coordinator = coordinator
    context = try ZeroMQContext()
    client = try OperatorClient(
      address: coordinator.join.control, in: context, security: coordinator.join.security)
    threads.append(
      try OwnedThread {
        do { try coordinator.run() } catch { notes.add("coordinator: \(error)") }
      })
  }

  /// Starts a worker and returns its position in `workers`.
  @discardableResult
  func start(threads count: Int = 1, exchange: ExchangeMode = .direct) throws -> WorkerProcess {
    var settings = WorkerProcess.Settings(
      name: "w\(workers.count)", threads: count, scratch: "\(folder)/scratch-\(workers.count)")
    settings.exchange = exchange
    let notes = notes
    let name = settings.name
    let worker = try WorkerProcess(settings, join: coordinator.join, catalog: houseCatalog) {
      notes.add("\(name): \($0)")
    }
    workers.append(worker)
    threads.append(
      try OwnedThread { do { try worker.run() } catch { notes.add("\(name): \(error)") } })
    return worker
  }

  func ask(_ request: OperatorRequest) throws -> OperatorReply { try client.ask(request) }

  func status() throws -> ClusterStatus {
    guard case .status(let status) = try ask(.status) else { throw Unexpected() }
    return status
  }

  /// Submits a job and returns its number.
  func submit(_ job: JobValue, resume: String = "") throws -> JobID {
    let text = String(decoding: try JSONEncoder().encode(job), as: UTF8.self)
    switch try ask(.submit(Submit(specification: text, name: "test", resume: resume))) {
    case .submitted(let submitted): return submitted.job
    case .failure(let failure): throw failure
    default: throw Unexpected()
    }
  }

  /// Waits until the job is over, or until `isEnough` holds.
  func wait(
    for job: JobID, seconds: Double = 120, until isEnough: (JobStatus) -> Bool = { _ in false }
  ) throws -> JobStatus {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
      if let status = try status().jobs.first(where: { $0.job == job }),
        status.state.isOver || isEnough(status)
      {
        return status
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw TimedOut(notes: notes.all)
  }

  /// Of the job's final `model.safetensors`.
  func digest(of job: JobID) throws -> String {
    let shelf = CheckpointShelf(folder: "\(folder)/store/jobs/\(job)/checkpoints", keep: 1)
    guard let newest = shelf.newestValid().0 else { throw TimedOut(notes: notes.all) }
    return newest.modelDigest
  }

  func stop() {
    for worker in workers { worker.stop() }
    for thread in threads.dropFirst() { thread.join() }
    coordinator.stop()
    threads[0].join()
  }

  struct Unexpected: Error {}
  struct TimedOut: Error { let notes: [String] }
}
