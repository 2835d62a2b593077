import Messages
import Testing

/// One of each message, so that a new message without its place in a switch is noticed here.
private let job = JobID(7)
private let generation = Generation(3)
private let position = Position(stage: 1, epoch: 2, step: 3)
private let address = ExchangeAddress(
  local: "ipc:///tmp/x", remote: "tcp://h:1", password: [UInt8](repeating: 9, count: 32),
  hasAES: true)
private let checkpoint = Checkpoint(name: "c3", position: position, sha256: "ab")
private let artifact = Artifact(name: "model.safetensors", size: 12, sha256: "cd")
private let hash = [UInt8](repeating: 5, count: 32)

private var heartbeat: Heartbeat {
  var value = Heartbeat()
  value.job = job
  value.generation = generation
  value.position = position
  value.collective = 4
  value.phase = "compute"
  value.activity = 5
  value.data = DataAccess(way: "local files", cacheHits: 7, cacheMisses: 8)
  value.fixedBytes = 4
  value.waitsFor = [WorkerID(2), WorkerID(3)]
  value.rates.computeSecondsPerReplica = 0.5
  value.rates.samplesPerSecond = 1.5
  value.residentBytes = 1
  value.peakBytes = 2
  value.peakBytesPerReplica = 3
  return value
}

private var report: StepReport {
  var value = StepReport(position: position, step: 9, stepsTotal: 10, loss: .nan)
  value.loss = 0.25
  value.scalars = [NamedNumber("accuracy", 0.5)]
  value.samples = 48
  value.digest = "d"
  value.delivery = Delivery(stage: 1, epoch: 2, count: 99, samples: [98, 0, 7])
  return value
}

private let fromWorker: [WorkerMessage] = [
  .hello(
    Hello(
      name: "gräfin", host: "h", hostIdentity: "i", process: 1, build: "b",
      fingerprint: [NamedText("core", "zen"), NamedText("glibc", "2.36")], exchange: address,
      cores: 2, threads: 1, memoryLimit: 5, previous: WorkerID(2),
      standing: Standing(job: job, generation: generation, isOpen: true))),
  .heartbeat(heartbeat), .heartbeat(Heartbeat()),
  .ready(Ready(job: job, generation: generation, committed: position, digest: "x")),
  .ready(Ready(job: job, generation: generation)),
  .stepReports(StepReports(job: job, generation: generation, reports: [report, report])),
  .failed(
    WorkerFailed(
      job: job, generation: generation, blame: .link, reason: "r", peer: WorkerID(3),
      position: position)),
  .finished(
    JobFinished(
      job: job, generation: generation, scores: [NamedNumber("mIoU", 0.4)],
      artifacts: [artifact])),
  .failed(
    WorkerFailed(
      job: job, generation: generation, blame: .state, reason: "r", peer: WorkerID(3))),
  .leave(Leave(reason: "bye")),
  .pausing(Pausing(job: job, generation: generation, position: position, isWaiting: true)),
  .warm(Warm(job: job, generation: generation)),
]

private let member = Member(
  worker: WorkerID(1), incarnation: Incarnation(.max), exchange: address, hostIdentity: "i",
  replicas: ReplicaRange(first: 0, count: 4))

private var detour: PrepareGeneration {
  var value = PrepareGeneration(
    job: job, generation: generation, specification: "{}", output: "o", replicas: 5,
    members: [
      member,
      Member(
        worker: WorkerID(2), incarnation: Incarnation(2), exchange: address, hostIdentity: "i",
        replicas: ReplicaRange(first: 4, count: 1)),
    ], checkpoint: nil, reason: "r")
  value.relayed = [RelayedPair(WorkerID(2), WorkerID(1))]
  return value
}

private let toWorker: [CoordinatorMessage] = [
  .prepare(detour),
  .welcome(Welcome(worker: WorkerID(1), heartbeatSeconds: 0.25, patienceSeconds: 1)),
  .refused(Refused(job: job, reason: "r", field: "f", ours: "o", theirs: "t")),
  .prepare(
    PrepareGeneration(
      job: job, generation: generation, specification: "{}", output: "o", replicas: 4,
      members: [member], checkpoint: checkpoint, reason: "r")),
  .prepare(
    PrepareGeneration(
      job: job, generation: generation, specification: "{}", output: "o", replicas: 4,
      members: [member], checkpoint: nil, reason: "r",
      protection: .sealed(.chaCha20Poly1305, key: [UInt8](repeating: 4, count: 32)))),
  .open(OpenGeneration(job: job, generation: generation, start: .beginning)),
  .open(OpenGeneration(job: job, generation: generation, start: .checkpoint(checkpoint))),
  .open(
    OpenGeneration(
      job: job, generation: generation,
      start: .state(of: WorkerID(2), position: position, digest: "x"))),
  .stop(StopJob(job: job, generation: generation, cause: .expelled, reason: "r")),
  .rejoin(Rejoin(reason: "r")),
  .pause(Pause(job: job, generation: generation)),
  .pause(Pause(job: job, generation: generation, until: position)),
  .drain(Drain(reason: "r")),
]

private let requests: [OperatorRequest] = [
  .submit(Submit(specification: "{}", name: "n", initialWeights: "/w", resume: "j3")),
  .status, .show(job), .logs(LogsRequest(job: job, offset: 5)),
  .cancel(CancelRequest(job: job, reason: "r")), .files(job), .events(EventsRequest(after: 3)),
  .events(EventsRequest(job: job)), .drain(DrainRequest(worker: "w3", reason: "r")), .keys,
  .revoke("laptop"),
  .issue(
    TokenRequest(
      name: "laptop", roles: [.worker, .viewer], seconds: 60,
      publicKey: [UInt8](repeating: 7, count: 32))),
  .digests(DigestsRequest(job: job, after: 7)), .jobs(JobsRequest(after: 7, countMax: 3)),
]

private var replies: [OperatorReply] {
  var worker = WorkerStatus(worker: WorkerID(1), name: "n", host: "h", process: 2, state: .running)
  worker.replicas = ReplicaRange(first: 2, count: 3)
  worker.job = job
  worker.heartbeatAgeSeconds = 0.5
  worker.slowness = "compute 2 × the others'"
  worker.relayed = [WorkerID(7)]
  worker.rates.computeSecondsPerReplica = 0.25
  var status = JobStatus(job: job, name: "n", state: .waiting, replicas: 8)
  status.loss = 0.5
  status.remainingSeconds = 3
  status.checkpoint = checkpoint
  status.scalars = [NamedNumber("a", 1)]
  status.submittedAt = -5
  var cluster = ClusterStatus()
  cluster.workers = [worker]
  cluster.jobs = [status, JobStatus(job: job, name: "m", state: .queued, replicas: 1)]
  cluster.earlierJobs = 132
  var key = KeyRecord(
    name: "laptop", publicKey: [UInt8](repeating: 7, count: 32), roles: [.operator, .worker],
    createdAt: 1, expiresAt: 2)
  key.revokedAt = 3
  return [
    .submitted(Submitted(job: job, output: "o")), .status(cluster),
    .job(JobDetail(status: status, specification: "{}")),
    .logs(Logs(text: "line\n", nextOffset: 5, ended: true)), .cancelled(job),
    .files(Files(job: job, files: [artifact])),
    .events(
      Events(
        events: [ClusterEvent(.workerLost, job: job, worker: WorkerID(1), "silent")], last: 9)),
    .digests(
      Digests(
        commits: [CommitDigest(position: position, digest: "ab")],
        fingerprint: [NamedText("core", "zen")], isComplete: true)),
    .jobs(Jobs(jobs: [status], isComplete: true)),
    .draining(WorkerID(3)), .failure(Failure(reason: "r", advice: "a", field: "f")), .issued(key),
    .keys([key, key]),
  ]
}

private let bulk: [BulkMessage] = [
  .offer(
    Offer(
      transfer: TransferID(1), job: job, generation: generation, name: "a/b", size: 3,
      sha256: hash)),
  .fetch(Fetch(transfer: TransferID(1), job: job, name: "a", offset: 2)),
  .credit(Credit(transfer: TransferID(1), offset: 2, limit: 3)),
  .chunk(Chunk(transfer: TransferID(1), offset: 2)), .stored(TransferID(1)),
  .served(Served(transfer: TransferID(1), size: 3, sha256: hash)),
  .failed(TransferFailed(transfer: TransferID(1), reason: "r", advice: "a")),
  .failed(TransferFailed(transfer: TransferID(1), reason: "r", isPassing: true)),
  .readBlocks(
    ReadBlocks(
      transfer: TransferID(1), job: job, listing: [UInt8](repeating: 3, count: 32),
      addresses: [BlockAddress(file: .max, block: 0), BlockAddress(file: 0, block: 7)])),
  .blocks(Blocks(transfer: TransferID(1), hashes: [0, .max, 5])),
]

@Suite struct EnvelopeTests {
  private func bytes(_ message: some Conversation) -> [UInt8] {
    Envelope.encode(
      message, from: .worker, incarnation: Incarnation(0xFFFF_0000_1234), request: RequestID(5))
  }

  private func expectRoundTrip<Message: Conversation>(_ messages: [Message]) throws {
    for message in messages {
      let envelope = try Envelope(decoding: bytes(message))
      #expect(envelope.header.incarnation == Incarnation(0xFFFF_0000_1234))
      #expect(envelope.header.request == RequestID(5))
      #expect(try envelope.message(Message.self) == message)
    }
  }

  @Test func `brings every message across unchanged`() throws {
    try expectRoundTrip(fromWorker)
    try expectRoundTrip(toWorker)
    try expectRoundTrip(requests)
    try expectRoundTrip(replies)
    try expectRoundTrip(bulk)
  }

  @Test func `puts job and generation into the header`() throws {
    let envelope = try Envelope(decoding: bytes(fromWorker[3]))
    #expect(envelope.header.job == job)
    #expect(envelope.header.generation == generation)
  }

  @Test func `tells another version from eight bytes alone`() {
    #expect(throws: WireError.protocolMismatch(ours: protocolVersion, theirs: 77)) {
      try Envelope(decoding: Envelope.preamble(version: 77) + [1, 2, 3, 255])
    }
  }

  @Test func `refuses a message of another conversation`() throws {
    let envelope = try Envelope(decoding: bytes(fromWorker[0]))
    #expect(throws: WireError.self) { try envelope.message(OperatorRequest.self) }
  }

  @Test func `names the field at fault`() throws {
    let long = String(repeating: "x", count: 300)
    let message = WorkerMessage.hello(
      Hello(
        name: long, host: "h", hostIdentity: "", process: 1, build: "", fingerprint: [],
        exchange: address, cores: 1, threads: 1))
    let envelope = try Envelope(decoding: bytes(message))
    #expect(
      throws: WireError.malformed(
        field: "Hello.name", found: "300 bytes", expected: "at most 256")
    ) { try envelope.message(WorkerMessage.self) }
  }

  @Test(arguments: ["../x", "/etc/passwd", "a//b", "a/./b", "", "a\u{1}b", "a/.."])
  func `refuses file names that leave the folder`(name: String) throws {
    let offer = BulkMessage.fetch(Fetch(transfer: TransferID(1), job: job, name: name))
    let envelope = try Envelope(decoding: bytes(offer))
    #expect(throws: WireError.self) { try envelope.message(BulkMessage.self) }
  }

  @Test(arguments: ["../x", "/x", "a/b", "", "..", "a\u{1}b"])
  func `refuses checkpoints whose names are no folder's`(name: String) throws {
    let named = Checkpoint(name: name, position: position, sha256: "ab")
    let message = CoordinatorMessage.open(
      OpenGeneration(job: job, generation: generation, start: .checkpoint(named)))
    let envelope = try Envelope(decoding: bytes(message))
    #expect(throws: WireError.self) { try envelope.message(CoordinatorMessage.self) }
  }

  @Test func `refuses a list of files that leads out of its folder`() throws {
    let reply = OperatorReply.files(
      Files(job: job, files: [Artifact(name: "../../x", size: 1, sha256: "")]))
    let envelope = try Envelope(decoding: bytes(reply))
    #expect(throws: WireError.self) { try envelope.message(OperatorReply.self) }
  }

  @Test func `refuses files and replicas beyond all bounds`() throws {
    let offer = BulkMessage.offer(
      Offer(
        transfer: TransferID(1), job: job, generation: generation, name: "a",
        size: WireLimits.fileBytes + 1, sha256: hash))
    let envelope = try Envelope(decoding: bytes(offer))
    #expect(throws: WireError.self) { try envelope.message(BulkMessage.self) }
    var worker = WorkerStatus(worker: WorkerID(1), name: "", host: "", process: 1, state: .idle)
    worker.replicas = ReplicaRange(first: 1, count: WireLimits.replicas)
    var status = ClusterStatus()
    status.workers = [worker]
    let reply = try Envelope(decoding: bytes(OperatorReply.status(status)))
    #expect(throws: WireError.self) { try reply.message(OperatorReply.self) }
  }

  @Test func `cuts the reason of a failure, between its letters`() throws {
    let reason = "x" + String(repeating: "ä", count: WireLimits.reasonBytes)
    let sent = WorkerMessage.failed(
      WorkerFailed(job: job, generation: generation, blame: .job, reason: reason))
    guard
      case .failed(let failure) = try Envelope(decoding: bytes(sent)).message(
        WorkerMessage.self)
    else {
      Issue.record("another message arrived")
      return
    }
    #expect(reason.hasPrefix(failure.reason))
    #expect(failure.reason.utf8.count == WireLimits.reasonBytes - 1)
  }

  @Test func `refuses two bytes that stand for a struct, a million times`() throws {
    let header = Header(role: .coordinator, incarnation: Incarnation(1))
    let kind = try Envelope(decoding: bytes(OperatorReply.status(ClusterStatus()))).kind
    let workers = [[UInt8]](repeating: [0x22, 0], count: 1_000_000).flatMap { $0 }
    let error = #expect(throws: WireError.self) {
      try OperatorReply(kind: kind, header: header, body: workers)
    }
    #expect("\(String(describing: error))".contains("unpacked"))
  }

  @Test func `refuses members that leave replicas out`() throws {
    let message = CoordinatorMessage.prepare(
      PrepareGeneration(
        job: job, generation: generation, specification: "", output: "", replicas: 5,
        members: [member], checkpoint: nil, reason: ""))
    let envelope = try Envelope(decoding: bytes(message))
    #expect(throws: WireError.self) { try envelope.message(CoordinatorMessage.self) }
  }

  @Test func `refuses a relayed pair with a stranger`() throws {
    var message = detour
    message.relayed = [RelayedPair(WorkerID(1), WorkerID(3))]
    let envelope = try Envelope(decoding: bytes(CoordinatorMessage.prepare(message)))
    #expect(throws: WireError.self) { try envelope.message(CoordinatorMessage.self) }
  }

  @Test func `refuses a sealed generation without its whole key`() throws {
    for key in [[], [UInt8](repeating: 4, count: 31), [UInt8](repeating: 4, count: 33)] {
      let message = CoordinatorMessage.prepare(
        PrepareGeneration(
          job: job, generation: generation, specification: "", output: "", replicas: 4,
          members: [member], checkpoint: nil, reason: "", protection: .sealed(.aes256GCM, key: key))
      )
      let envelope = try Envelope(decoding: bytes(message))
      #expect(throws: WireError.self) { try envelope.message(CoordinatorMessage.self) }
    }
  }

  @Test func `survives damage of every kind`() {
    var state: UInt64 = 42
    func next(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
    let originals =
      fromWorker.map { bytes($0) } + toWorker.map { bytes($0) } + requests.map { bytes($0) }
      + replies.map { bytes($0) } + bulk.map { bytes($0) }
    var refused = 0
    for _ in 0..<20_000 {
      var damaged = originals[next(originals.count)]
      switch next(3) {
      case 0: damaged = Array(damaged.prefix(next(damaged.count + 1)))
      case 1: for _ in 0...next(4) { damaged[next(damaged.count)] = UInt8(next(256)) }
      default: damaged.insert(contentsOf: (0..<next(9)).map { _ in UInt8(next(256)) }, at: 12)
      }
      do {
        let envelope = try Envelope(decoding: damaged)
        for read in readers { read(envelope) }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1_000)
  }

  private let readers: [(Envelope) -> Void] = [
    { _ = try? $0.message(WorkerMessage.self) }, { _ = try? $0.message(CoordinatorMessage.self) },
    { _ = try? $0.message(OperatorRequest.self) }, { _ = try? $0.message(OperatorReply.self) },
    { _ = try? $0.message(BulkMessage.self) },
  ]

  @Test func `reads job numbers as people write them`() {
    #expect(JobID("12") == JobID(12))
    #expect(JobID("j12") == JobID(12))
    for text in ["", "j", "0", "j0", "-1", "x1", "1.5"] { #expect(JobID(text) == nil) }
  }
}
