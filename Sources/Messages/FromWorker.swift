// What a worker says to the coordinator. Nothing is answered but Hello (Welcome or Refused) and
// JobFinished, which is repeated until StopJob arrives.

internal import CMessages

package enum WorkerMessage: Conversation {
  case hello(Hello)
  case heartbeat(Heartbeat)
  case ready(Ready)
  case stepReports(StepReports)
  case failed(WorkerFailed)
  case finished(JobFinished)
  case leave(Leave)
  case pausing(Pausing)
  case warm(Warm)

  package func packed() -> PackedMessage {
    switch self {
    case .hello(let value): PackedMessage(MARTLET__KIND__KIND_HELLO, value)
    case .heartbeat(let value): PackedMessage(MARTLET__KIND__KIND_HEARTBEAT, value)
    case .ready(let value): PackedMessage(MARTLET__KIND__KIND_READY, value)
    case .stepReports(let value): PackedMessage(MARTLET__KIND__KIND_STEP_REPORTS, value)
    case .failed(let value): PackedMessage(MARTLET__KIND__KIND_WORKER_FAILED, value)
    case .finished(let value): PackedMessage(MARTLET__KIND__KIND_JOB_FINISHED, value)
    case .leave(let value): PackedMessage(MARTLET__KIND__KIND_LEAVE, value)
    case .pausing(let value): PackedMessage(MARTLET__KIND__KIND_PAUSING, value)
    case .warm(let value): PackedMessage(MARTLET__KIND__KIND_WARM, value)
    }
  }

  package init(kind: UInt32, header: Header, body: [UInt8]) throws(WireError) {
    switch Martlet__Kind(kind) {
    case MARTLET__KIND__KIND_HELLO: self = .hello(try open(Hello.self, header, body))
    case MARTLET__KIND__KIND_HEARTBEAT: self = .heartbeat(try open(Heartbeat.self, header, body))
    case MARTLET__KIND__KIND_READY: self = .ready(try open(Ready.self, header, body))
    case MARTLET__KIND__KIND_STEP_REPORTS:
      self = .stepReports(try open(StepReports.self, header, body))
    case MARTLET__KIND__KIND_WORKER_FAILED:
      self = .failed(try open(WorkerFailed.self, header, body))
    case MARTLET__KIND__KIND_JOB_FINISHED:
      self = .finished(try open(JobFinished.self, header, body))
    case MARTLET__KIND__KIND_LEAVE: self = .leave(try open(Leave.self, header, body))
    case MARTLET__KIND__KIND_PAUSING: self = .pausing(try open(Pausing.self, header, body))
    case MARTLET__KIND__KIND_WARM: self = .warm(try open(Warm.self, header, body))
    default: throw unknownKind(kind, in: "of a worker")
    }
  }
}

/// Where a worker hears other workers.
package struct ExchangeAddress: Hashable, Codable, Sendable {
  /// A ZeroMQ endpoint within the host; empty if there is none.
  package var local: String
  /// A ZeroMQ endpoint other hosts can reach; empty if only the relay can.
  package var remote: String
  /// What other hosts must show to be let in, 32 bytes; empty in an insecure cluster.
  package var password: [UInt8]
  /// Whether its processor has AES instructions.
  package var hasAES: Bool

  package init(
    local: String = "", remote: String = "", password: [UInt8] = [], hasAES: Bool = false
  ) {
    self.local = local
    self.remote = remote
    self.password = password
    self.hasAES = hasAES
  }

  /// Reads what older builds stored, too.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    local = try values.decode(String.self, forKey: .local)
    remote = try values.decode(String.self, forKey: .remote)
    password = try values.decodeIfPresent([UInt8].self, forKey: .password) ?? []
    hasAES = try values.decodeIfPresent(Bool.self, forKey: .hasAES) ?? false
  }
}

/// What a worker holds of a job when it says hello again to a restarted coordinator.
package struct Standing: Hashable, Codable, Sendable {
  package var job: JobID
  package var generation: Generation
  /// Whether data flows in that generation.
  package var isOpen: Bool

  package init(job: JobID, generation: Generation, isOpen: Bool) {
    self.job = job
    self.generation = generation
    self.isOpen = isOpen
  }
}

/// First message of a worker, and again after every broken connection. Answered by Welcome or
/// Refused. Since 1.
package struct Hello: Hashable, Sendable {
  package var name: String
  package var host: String
  /// Equal for processes that can share memory.
  package var hostIdentity: String
  package var process: UInt32
  package var build: String
  /// What the results depend on beside the job; compared item by item, in order.
  package var fingerprint: [NamedText]
  package var exchange: ExchangeAddress
  package var cores: UInt32
  package var threads: UInt32
  /// Bytes; 0 for no limit.
  package var memoryLimit: UInt64
  /// The number from an earlier Welcome in the life of this process.
  package var previous: WorkerID?
  package var standing: Standing?

  package init(
    name: String, host: String, hostIdentity: String, process: UInt32, build: String,
    fingerprint: [NamedText], exchange: ExchangeAddress, cores: UInt32, threads: UInt32,
    memoryLimit: UInt64 = 0, previous: WorkerID? = nil, standing: Standing? = nil
  ) {
    self.name = name
    self.host = host
    self.hostIdentity = hostIdentity
    self.process = process
    self.build = build
    self.fingerprint = fingerprint
    self.exchange = exchange
    self.cores = cores
    self.threads = threads
    self.memoryLimit = memoryLimit
    self.previous = previous
    self.standing = standing
  }
}

/// Every heartbeat interval: alive, and standing where. Without a job the job, generation,
/// position and rates are absent or zero. Since 1.
package struct Heartbeat: Hashable, Sendable {
  package var job: JobID?
  package var generation: Generation?
  package var position = Position.beginning
  /// Number of the collective operation the worker is in, within its step.
  package var collective: UInt64 = 0
  /// `idle`, `preparing`, `fetching`, `resting` or, of an open generation, an `Activity.Phase`:
  /// `joining`, `starting`, `input`, `compute`, `exchange`, `evaluating`, `staging`, `storing`.
  package var phase = ""
  /// Rises with everything that gets done in the generation: a collective, a replica's step, a
  /// sample read for an evaluation, a piece received. One that stands still means nothing moves.
  package var activity: UInt64 = 0
  /// Members that have not delivered what this worker awaits now, at most `waitsForMax`.
  package var waitsFor: [WorkerID] = []
  package static let waitsForMax = 256
  package var rates = StepRates()
  package var residentBytes: UInt64 = 0
  package var peakBytes: UInt64 = 0
  /// What the worker needs of its memory however many replicas it hosts.
  package var fixedBytes: UInt64 = 0
  /// What one hosted replica needs besides; with the above it decides how many fit.
  package var peakBytesPerReplica: UInt64 = 0
  package var data: DataAccess?

  package init() {}
}

/// How a worker reaches the files of its job, and how often they were at hand.
package struct DataAccess: Hashable, Codable, Sendable {
  /// "local files", or through the coordinator and why.
  package var way: String
  /// Blocks read from the host's cache, and those that had to be brought.
  package var cacheHits: UInt64
  package var cacheMisses: UInt64

  /// What `way` begins with where the coordinator serves the data.
  package static let throughCoordinator = "through the coordinator"

  package init(way: String, cacheHits: UInt64 = 0, cacheMisses: UInt64 = 0) {
    self.way = way
    self.cacheHits = cacheHits
    self.cacheMisses = cacheMisses
  }
}

/// How fast a worker is, and where the seconds of a step went.
package struct StepRates: Hashable, Codable, Sendable {
  package var samplesPerSecond = 0.0
  package var computeSeconds = 0.0
  package var exchangeSeconds = 0.0
  package var inputSeconds = 0.0
  /// Of one hosted replica in one step, without its waits for others.
  package var computeSecondsPerReplica = 0.0

  package init() {}
}

/// The worker has stopped its step, knows the members of the prepared generation and can open it.
package struct Ready: Hashable, Sendable {
  package var job: JobID
  package var generation: Generation
  /// The last committed position of the job's state it holds, if any.
  package var committed: Position?
  /// The digest of that state; empty without one.
  package var digest: String

  package init(
    job: JobID, generation: Generation, committed: Position? = nil, digest: String = ""
  ) {
    self.job = job
    self.generation = generation
    self.committed = committed
    self.digest = digest
  }
}

/// What one committed step had to tell, from the worker that hosts replica 0.
package struct StepReport: Hashable, Codable, Sendable {
  /// After the step.
  package var position: Position
  /// Steps done in the whole job, and how many it will have.
  package var step: UInt64
  package var stepsTotal: UInt64
  package var loss: Double
  package var scalars: [NamedNumber] = []
  package var learningRate = 0.0
  /// Samples of the global batch, and how many since the start were unreadable.
  package var samples: UInt64 = 0
  package var skippedSamples: UInt64 = 0
  package var seconds = 0.0
  package var computeSeconds = 0.0
  package var exchangeSeconds = 0.0
  package var inputSeconds = 0.0
  package var digest = ""
  /// With `audit: true`, of a step.
  package var delivery: Delivery?

  package init(position: Position, step: UInt64, stepsTotal: UInt64, loss: Double) {
    self.position = position
    self.step = step
    self.stepsTotal = stepsTotal
    self.loss = loss
  }
}

/// The samples of which a committed step was made, as all its replicas read them, in slot order.
package struct Delivery: Hashable, Codable, Sendable {
  package var stage: UInt32
  package var epoch: UInt64
  /// Samples that the split has.
  package var count: UInt64
  /// Indices in the split, at most `WireLimits.deliveredSamples`.
  package var samples: [UInt32]

  package init(stage: UInt32, epoch: UInt64, count: UInt64, samples: [UInt32]) {
    self.stage = stage
    self.epoch = epoch
    self.count = count
    self.samples = samples
  }
}

/// Steps committed since the last such message; idempotent by (job, step). Since 1.
package struct StepReports: Hashable, Sendable {
  package var job: JobID
  package var generation: Generation
  package var reports: [StepReport]

  package init(job: JobID, generation: Generation, reports: [StepReport]) {
    self.job = job
    self.generation = generation
    self.reports = reports
  }
}

/// The worker cannot go on in this generation. Since 1.
package struct WorkerFailed: Hashable, Sendable {
  /// What must change before the job can go on.
  package enum Blame: String, CaseIterable, Codable, Sendable {
    /// It would fail everywhere (non-finite loss, bad sample): the job ends.
    case job
    /// It fails here (data absent, memory): the job goes on without this worker.
    case worker
    /// The checkpoint on record cannot be loaded: it is damaged, or this worker cannot read it.
    case checkpoint
    /// A peer was not reached: a new generation of the same members may do.
    case link
    /// A peer's state is another one than this worker's; without a peer, this worker's memory is no
    /// longer what it committed.
    case state
  }

  package var job: JobID
  package var generation: Generation
  package var blame: Blame
  package var reason: String
  /// The peer of a failed link, or the one whose state differs.
  package var peer: WorkerID?
  package var position: Position?

  package init(
    job: JobID, generation: Generation, blame: Blame, reason: String, peer: WorkerID? = nil,
    position: Position? = nil
  ) {
    self.job = job
    self.generation = generation
    self.blame = blame
    self.reason = reason
    self.peer = peer
    self.position = position
  }
}

/// All steps are done and all artifacts stored; from the worker that hosts replica 0. Since 1.
package struct JobFinished: Hashable, Sendable {
  package var job: JobID
  package var generation: Generation
  package var scores: [NamedNumber]
  package var artifacts: [Artifact]

  package init(
    job: JobID, generation: Generation, scores: [NamedNumber] = [], artifacts: [Artifact] = []
  ) {
    self.job = job
    self.generation = generation
    self.scores = scores
    self.artifacts = artifacts
  }
}

/// A person or the system asked this worker to go: it takes no more jobs. Answered by StopJob, once
/// its job is handed over, if it has one. Since 1.
package struct Leave: Hashable, Sendable {
  package var reason: String
  package init(reason: String) { self.reason = reason }
}

/// Answer to Pause: no commit beyond `position` begins here until a later Pause, or the end of the
/// generation. Sent again once that is reached and the worker waits there. Since 1.
package struct Pausing: Hashable, Sendable {
  package var job: JobID
  package var generation: Generation
  package var position: Position
  /// Whether everything up to `position` is committed and only more would be next.
  package var isWaiting: Bool

  package init(job: JobID, generation: Generation, position: Position, isWaiting: Bool) {
    self.job = job
    self.generation = generation
    self.position = position
    self.isWaiting = isWaiting
  }
}

/// Answer to a PrepareGeneration that is a warm-up: the job's model and data are in place. Since 1.
package struct Warm: Hashable, Sendable {
  package var job: JobID
  /// Of the warm-up.
  package var generation: Generation

  package init(job: JobID, generation: Generation) {
    self.job = job
    self.generation = generation
  }
}
