// What people see of the cluster: `status`, `jobs`, `show`, and the events behind `--watch`.

/// One worker as `status` shows it.
package struct WorkerStatus: Hashable, Codable, Sendable {
  package enum State: String, CaseIterable, Codable, Sendable {
    /// Waiting for a job.
    case idle
    /// Making itself ready for a generation.
    case preparing
    /// Training.
    case running
    /// Alive, but fit for no job in the queue; the reason says why.
    case unfit
    /// Put out of all jobs until it is restarted: its numbers were not those of the others.
    case quarantined
    /// Asked to go, and handing its job over.
    case leaving
    /// Gone as it was asked to, with nothing lost.
    case drained
    /// No longer heard.
    case dead
  }

  package var worker: WorkerID
  package var name: String
  package var host: String
  package var process: UInt32
  package var state: State
  package var reason = ""
  package var job: JobID?
  package var generation: Generation?
  package var replicas: ReplicaRange?
  package var cores: UInt32 = 0
  package var threads: UInt32 = 0
  package var rates = StepRates()
  package var residentBytes: UInt64 = 0
  package var peakBytes: UInt64 = 0
  package var memoryLimit: UInt64 = 0
  package var heartbeatAgeSeconds = 0.0
  package var phase = ""
  package var position = Position.beginning
  /// Why it holds the others up, such as "compute 2.4 × the others'"; empty if it does not.
  package var slowness = ""
  /// The members it exchanges with through the coordinator, because the way between is cut.
  package var relayed: [WorkerID] = []
  /// Of a worker that has opened its job's data.
  package var data: DataAccess?

  package init(worker: WorkerID, name: String, host: String, process: UInt32, state: State) {
    self.worker = worker
    self.name = name
    self.host = host
    self.process = process
    self.state = state
  }
}

/// One job as `status` and `show` show it.
package struct JobStatus: Hashable, Codable, Sendable {
  package enum State: String, CaseIterable, Codable, Sendable {
    /// Never started; first in, first out.
    case queued
    /// Started, but without the workers it needs; the reason says what is missing.
    case waiting
    /// Members of a generation are getting ready.
    case preparing
    case running
    case finished, failed, cancelled

    package var isOver: Bool { self == .finished || self == .failed || self == .cancelled }
  }

  package var job: JobID
  package var name: String
  package var state: State
  package var reason = ""
  package var generation: Generation?
  package var replicas: Int
  package var workers = 0
  package var position = Position.beginning
  package var step: UInt64 = 0
  package var stepsTotal: UInt64 = 0
  package var loss: Double?
  package var samplesPerSecond = 0.0
  /// Estimated; nil until a step was seen.
  package var remainingSeconds: Double?
  package var samples: UInt64 = 0
  package var skippedSamples: UInt64 = 0
  package var scalars: [NamedNumber] = []
  package var scores: [NamedNumber] = []
  package var artifacts: [Artifact] = []
  package var checkpoint: Checkpoint?
  /// Seconds since 1970.
  package var submittedAt: Int64 = 0
  package var output = ""

  package init(job: JobID, name: String, state: State, replicas: Int) {
    self.job = job
    self.name = name
    self.state = state
    self.replicas = replicas
  }
}

extension JobStatus {
  /// As lists show it, a kilobyte or so: without files and with the beginning of its reason.
  package var brief: JobStatus {
    var brief = self
    brief.reason = String(reason.prefix(256))
    brief.scalars = Array(scalars.prefix(32))
    brief.scores = Array(scores.prefix(32))
    brief.artifacts = []
    return brief
  }
}

/// The whole cluster as `status` shows it. Since 1.
package struct ClusterStatus: Hashable, Codable, Sendable {
  package var address = ""
  package var build = ""
  package var uptimeSeconds = 0.0
  package var workers: [WorkerStatus] = []
  /// Those that are not over and the last that ended.
  package var jobs: [JobStatus] = []
  /// How many ended before those; `jobs` requests list them.
  package var earlierJobs: UInt64 = 0

  package init() {}
}

/// Something that changed, with its reason; numbered without gaps by the coordinator's process.
package struct ClusterEvent: Hashable, Codable, Sendable {
  package enum Kind: String, CaseIterable, Codable, Sendable {
    case workerJoined, workerLost, workerLeaving, workerLeft, workerRefused, workerExpelled
    case workerQuarantined
    case jobSubmitted, jobWaiting, jobFinished, jobFailed, jobCancelled
    case generationPrepared, generationOpened
    /// The way between two workers is cut; they exchange through the coordinator.
    case linkRelayed
    case checkpointStored, checkpointDamaged
    case keyIssued, keyRevoked, accessRefused
    /// Workers disagree about the state, and the job goes back to where they agreed.
    case jobRewound
    /// A commit that ran again has another digest than the first time.
    case digestDiffers
  }

  /// 0 until the process numbers it.
  package var sequence: UInt64 = 0
  package var kind: Kind
  package var job: JobID?
  package var generation: Generation?
  package var worker: WorkerID?
  package var text: String
  /// Seconds since 1970; 0 until the process stamps it.
  package var unixSeconds = 0.0

  package init(
    _ kind: Kind, job: JobID? = nil, generation: Generation? = nil, worker: WorkerID? = nil,
    _ text: String
  ) {
    self.kind = kind
    self.job = job
    self.generation = generation
    self.worker = worker
    self.text = text
  }
}
