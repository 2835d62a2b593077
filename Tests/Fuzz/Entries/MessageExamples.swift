import Messages

/// A message's bytes, with and without its envelope.
struct Example {
  let envelope: [UInt8]
  let kind: UInt32
  let body: [UInt8]

  init(_ message: some Conversation) {
    envelope = Envelope.encode(
      message, from: .worker, incarnation: Incarnation(5), request: RequestID(1))
    let read = try? Envelope(decoding: envelope)
    (kind, body) = (read?.kind ?? 0, read?.body ?? [])
  }
}

/// One of each message that holds more than a number or two.
enum MessageExamples {
  static var all: [Example] {
    fromWorker.map { Example($0) } + toWorker.map { Example($0) } + requests.map { Example($0) }
      + replies.map { Example($0) } + bulk
  }

  private static let job = JobID(1)
  private static let generation = Generation(1)
  private static let position = Position(step: 16)
  private static let address = ExchangeAddress(
    local: "ipc:///tmp/x", remote: "tcp://h:1", password: Array(repeating: 9, count: 32),
    hasAES: true)
  private static let checkpoint = Checkpoint(name: "c", position: position, sha256: "ab")
  private static let artifact = Artifact(name: "a/model", size: 12, sha256: "cd")
  private static let hash = [UInt8](repeating: 5, count: 32)
  private static let key = KeyRecord(
    name: "laptop", publicKey: hash, roles: [.viewer], createdAt: 5, expiresAt: 9)

  static func hello(_ name: String) -> Hello {
    Hello(
      name: name, host: "h", hostIdentity: "i", process: 1, build: "b",
      fingerprint: [NamedText("core", "zen")], exchange: address, cores: 2, threads: 1,
      memoryLimit: 5)
  }

  static var report: StepReport {
    var report = StepReport(position: position, step: 1, stepsTotal: 10, loss: .nan)
    report.scalars = [NamedNumber("accuracy", 0.5)]
    report.samples = 8
    report.seconds = 0.1
    report.delivery = Delivery(stage: 1, epoch: 2, count: 9, samples: [5, 0])
    return report
  }

  static let prepare = PrepareGeneration(
    job: job, generation: generation, specification: "{}", output: "o", replicas: 4,
    members: [
      Member(
        worker: WorkerID(1), incarnation: Incarnation(1), exchange: address, hostIdentity: "i",
        replicas: ReplicaRange(first: 0, count: 4))
    ], checkpoint: checkpoint, reason: "r")

  private static var fromWorker: [WorkerMessage] {
    var returning = hello("w")
    returning.previous = WorkerID(2)
    returning.standing = Standing(job: job, generation: generation, isOpen: true)
    var heartbeat = Heartbeat()
    heartbeat.phase = "idle"
    heartbeat.data = DataAccess(way: "local files", cacheHits: 1, cacheMisses: 2)
    return [
      .hello(returning), .heartbeat(heartbeat),
      .ready(Ready(job: job, generation: generation, committed: position, digest: "x")),
      .stepReports(StepReports(job: job, generation: generation, reports: [report, report])),
      .failed(
        WorkerFailed(
          job: job, generation: generation, blame: .link, reason: "r", peer: WorkerID(2),
          position: position)),
      .finished(
        JobFinished(
          job: job, generation: generation, scores: [NamedNumber("mIoU", 0.4)],
          artifacts: [artifact])),
      .leave(Leave(reason: "r")),
      .pausing(Pausing(job: job, generation: generation, position: position, isWaiting: true)),
      .warm(Warm(job: job, generation: generation)),
    ]
  }

  private static let toWorker: [CoordinatorMessage] = [
    .welcome(Welcome(worker: WorkerID(1), heartbeatSeconds: 0.25, patienceSeconds: 1)),
    .refused(Refused(reason: "r", field: "f", ours: "o", theirs: "t")), .prepare(prepare),
    .open(OpenGeneration(job: job, generation: generation, start: .checkpoint(checkpoint))),
    .open(
      OpenGeneration(
        job: job, generation: generation,
        start: .state(of: WorkerID(1), position: position, digest: "x"))),
    .stop(StopJob(job: job, generation: generation, cause: .expelled, reason: "r")),
    .rejoin(Rejoin(reason: "r")), .drain(Drain(reason: "r")),
    .pause(Pause(job: job, generation: generation, until: position)),
  ]

  private static let requests: [OperatorRequest] = [
    .submit(Submit(specification: "{}", name: "n", initialWeights: "/w", resume: "j3")), .status,
    .logs(LogsRequest(job: job, offset: 5)), .cancel(CancelRequest(job: job, reason: "r")),
    .events(EventsRequest(after: 3)), .drain(DrainRequest(worker: "w1", reason: "r")), .keys,
    .digests(DigestsRequest(job: job, after: 3)), .revoke("laptop"),
    .jobs(JobsRequest(after: 3, countMax: 2)),
    .issue(TokenRequest(name: "laptop", roles: [.viewer], seconds: 60, publicKey: hash)),
  ]

  private static var replies: [OperatorReply] {
    var worker = WorkerStatus(
      worker: WorkerID(1), name: "n", host: "h", process: 2, state: .running)
    worker.replicas = ReplicaRange(first: 2, count: 3)
    var status = JobStatus(job: job, name: "n", state: .running, replicas: 8)
    status.loss = 0.5
    status.remainingSeconds = 3
    status.scalars = [NamedNumber("a", 1)]
    status.checkpoint = checkpoint
    status.artifacts = [artifact]
    var cluster = ClusterStatus()
    (cluster.workers, cluster.jobs) = ([worker], [status])
    return [
      .submitted(Submitted(job: job, output: "o")), .status(cluster),
      .job(JobDetail(status: status, specification: "{}")),
      .logs(Logs(text: "line\n", nextOffset: 5, ended: true)),
      .files(Files(job: job, files: [artifact])),
      .events(Events(events: [ClusterEvent(.workerLost, job: job, "silent")], last: 9)),
      .digests(
        Digests(
          commits: [CommitDigest(position: position, digest: "ab")],
          fingerprint: [NamedText("core", "zen")], isComplete: true)),
      .jobs(Jobs(jobs: [status], isComplete: true)),
      .draining(WorkerID(1)), .issued(key), .keys([key]),
      .failure(Failure(reason: "r", advice: "a", field: "f")),
    ]
  }

  static var bulk: [Example] {
    let transfer = TransferID(1)
    let messages: [BulkMessage] = [
      .offer(
        Offer(
          transfer: transfer, job: job, generation: generation, name: "a/b", size: 3,
          sha256: hash)),
      .fetch(Fetch(transfer: transfer, job: job, name: "a", offset: 2)),
      .credit(Credit(transfer: transfer, offset: 2, limit: 3)),
      .chunk(Chunk(transfer: transfer, offset: 2)), .stored(transfer),
      .served(Served(transfer: transfer, size: 3, sha256: hash)),
      .failed(TransferFailed(transfer: transfer, reason: "r", advice: "a", isPassing: true)),
      .readBlocks(
        ReadBlocks(
          transfer: transfer, job: job, listing: hash,
          addresses: [BlockAddress(file: 3, block: 1), BlockAddress(file: 4, block: 0)])),
      .blocks(Blocks(transfer: transfer, hashes: [1, .max])),
    ]
    return messages.map { Example($0) }
  }
}
