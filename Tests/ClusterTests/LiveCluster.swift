import Cluster
import Collectives
import Foundation
import Messages
import Synchronization
import TestSupport
import Training
import Transport

import Recipes

/// The house's recipes and one that halts.
let liveCatalog = Catalog(houseCatalog.recipes + [Halting.self])

/// A coordinator and workers in this process, over real sockets, for the duration of a test.
final class LiveCluster {
  let folder: String
  private(set) var workers: [WorkerProcess] = []
  private(set) var join: JoinFile
  private var settings: CoordinatorProcess.Settings
  private var coordinator: (process: CoordinatorProcess, thread: OwnedThread)?
  private var threads: [OwnedThread] = []
  private let context: ZeroMQContext
  private let client: OperatorClient
  let notes = Notes()

  final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  /// `canRestart`: Listens at ports that a second coordinator can listen at again.
  init(folder: String, isInsecure: Bool = false, canRestart: Bool = false) throws {
    self.folder = folder
    var settings = CoordinatorProcess.Settings(store: "\(folder)/store")
    settings.isInsecure = isInsecure
    let notes = notes
    var process: CoordinatorProcess?
    while process == nil {
      if canRestart { settings.port = freePort() }
      // Of the three ports in a row somebody may have the second.
      do {
        process = try CoordinatorProcess(settings, catalog: liveCatalog) { notes.add($0) }
      } catch TransportError.addressInUse where canRestart {}
    }
    guard let process else { throw Unexpected() }
    self.settings = settings
    join = process.join
    context = try ZeroMQContext()
    client = try OperatorClient(
      address: process.join.control, in: context, security: process.join.security)
    coordinator = (process, try Self.run(process, notes))
  }

  private static func run(_ process: CoordinatorProcess, _ notes: Notes) throws -> OwnedThread {
    try OwnedThread(name: "coordinator") {
      do { try process.run() } catch { notes.add("coordinator: \(error)") }
    }
  }

  /// Starts a worker.
  @discardableResult
  func start(
    threads count: Int = 1, exchange: ExchangeMode = .direct, memoryLimit: UInt64 = 0,
    cache: (folder: String, bytesMax: Int)? = nil,
    beforeDigest: (@Sendable (Trainer) -> Void)? = nil
  ) throws -> WorkerProcess {
    var settings = WorkerProcess.Settings(
      name: "w\(workers.count)", threads: count, scratch: "\(folder)/scratch-\(workers.count)")
    settings.exchange = exchange
    settings.memoryLimit = memoryLimit
    settings.beforeDigest = beforeDigest
    settings.cache = cache.map {
      WorkerProcess.Settings.Cache(folder: $0.folder, bytesMax: $0.bytesMax)
    }
    let notes = notes
    let name = settings.name
    let worker = try WorkerProcess(settings, join: join, catalog: liveCatalog) {
      notes.add("\(name): \($0)")
    }
    workers.append(worker)
    threads.append(
      try OwnedThread(name: "worker") {
        do { try worker.run() } catch { notes.add("\(name): \(error)") }
      })
    return worker
  }

  /// Starts workers, each once the coordinator knows the one before: numbers are in the order of the
  /// names.
  func start(workers count: Int, exchange: ExchangeMode = .direct) throws {
    for _ in 0..<count {
      let known = try status().workers.count
      try start(exchange: exchange)
      while try status().workers.count <= known {}
    }
  }

  /// Waits until a worker has ended by itself or by `stop`.
  func waitForEnd(of worker: Int) { threads[worker].join() }

  func stopCoordinator() {
    coordinator?.process.stop()
    coordinator?.thread.join()
    coordinator = nil
  }

  func startCoordinator() throws {
    let notes = notes
    let process = try CoordinatorProcess(settings, catalog: liveCatalog) { notes.add($0) }
    coordinator = (process, try Self.run(process, notes))
  }

  func ask(_ request: OperatorRequest) throws -> OperatorReply {
    let reply = try client.ask(request, deadline: .seconds(30))
    if case .failure(let failure) = reply { throw failure }
    return reply
  }

  func status() throws -> ClusterStatus {
    guard case .status(let status) = try ask(.status) else { throw Unexpected() }
    return status
  }

  func events() throws -> [ClusterEvent] {
    guard case .events(let events) = try ask(.events(EventsRequest())) else { throw Unexpected() }
    return events.events
  }

  /// Submits a job and returns its number.
  func submit(_ job: JobValue, resume: String = "") throws -> JobID {
    let text = String(decoding: try JSONEncoder().encode(job), as: UTF8.self)
    guard
      case .submitted(let submitted) = try ask(
        .submit(Submit(specification: text, name: "test", resume: resume)))
    else { throw Unexpected() }
    return submitted.job
  }

  func cancel(_ job: JobID) throws {
    _ = try ask(.cancel(CancelRequest(job: job, reason: "by the test")))
  }

  /// Asks a worker to go, by its number or its name.
  func drain(_ worker: String) throws {
    _ = try ask(.drain(DrainRequest(worker: worker, reason: "by the test")))
  }

  /// Waits until `condition` holds; false if it does not within a minute.
  func wait(untilTrue condition: () throws -> Bool) throws -> Bool {
    let end = Date().addingTimeInterval(60)
    while try !condition() {
      guard Date() < end else { return false }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return true
  }

  /// Waits until the job is over, or until `isEnough` holds.
  @discardableResult
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
      Thread.sleep(forTimeInterval: 0.01)
    }
    throw TimedOut(notes: notes.all)
  }

  /// Waits until the job is finished.
  ///
  /// - Returns: The SHA-256 of its final `model.safetensors`.
  func digest(of job: JobID) throws -> String {
    let status = try wait(for: job)
    guard status.state == .finished, let newest = shelf(of: job).newestValid().0 else {
      throw NotFinished(reason: status.reason, notes: notes.all)
    }
    return newest.modelDigest
  }

  func folder(of job: JobID) -> String { "\(folder)/store/jobs/\(job)" }

  func shelf(of job: JobID) -> CheckpointShelf {
    CheckpointShelf(folder: "\(folder(of: job))/checkpoints", keep: 1)
  }

  func stop() {
    for worker in workers { worker.stop() }
    for thread in threads { thread.join() }
    stopCoordinator()
  }

  struct Unexpected: Error {}
  struct TimedOut: Error { let notes: [String] }
  struct NotFinished: Error {
    let reason: String
    let notes: [String]
  }
}

/// Runs a test on a cluster that is stopped afterwards.
func withCluster<Value>(
  workers: Int = 0, exchange: ExchangeMode = .direct, canRestart: Bool = false,
  _ body: (LiveCluster) throws -> Value
) throws -> Value {
  try withTemporaryFolder { folder in
    let cluster = try LiveCluster(folder: folder, canRestart: canRestart)
    defer { cluster.stop() }
    try cluster.start(workers: workers, exchange: exchange)
    return try body(cluster)
  }
}

/// The SHA-256 of the weights that a job gets in one process.
func localDigest(_ value: JobValue, threads: Int = 1) throws -> String {
  try withTemporaryFolder { folder in
    let run = try LocalRun(
      Job(value, catalog: liveCatalog), catalog: liveCatalog, output: "\(folder)/run",
      threads: threads
    ) { _ in }
    guard let checkpoint = try run.run().checkpoint else { throw LiveCluster.Unexpected() }
    return checkpoint.modelDigest
  }
}

/// The digests of all commits of a job in one process.
func localDigests(_ value: JobValue) throws -> [DigestTable.Row] {
  try withTemporaryFolder { folder in
    let run = try LocalRun(
      Job(value, catalog: houseCatalog), catalog: houseCatalog, output: "\(folder)/run",
      threads: 2
    ) { _ in }
    _ = try run.run()
    return try DigestTable.rows(of: "\(folder)/run/\(DigestTable.fileName)")
  }
}

/// A port that nobody listens at.
private func freePort() -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, length)
      getsockname(descriptor, $0, &length)
    }
  }
  return Int(UInt16(bigEndian: address.sin_port))
}
