// What goes into the coordinator's machine and what comes out of it.

import Messages

/// The coordinator's patience, all of it in one place.
package struct CoordinatorSettings: Hashable, Sendable {
  /// How often workers speak.
  package var heartbeatInterval: Duration = .milliseconds(250)
  /// Silence after which a worker counts as dead.
  package var patience: Duration = .seconds(1)
  /// Workers that arrive within this time of each other start a job together.
  package var gathering: Duration = .milliseconds(100)
  /// How long an open generation stays before idle workers may join it.
  package var settling: Duration = .milliseconds(250)
  /// How long a restarted coordinator waits for the workers it had.
  package var recovery: Duration = .seconds(2)
  /// How long a member may take to get ready, data and model included.
  package var preparation: Duration = .seconds(120)
  /// How long two workers without a link exchange through the coordinator before a new generation
  /// tries the direct way again.
  package var detour: Duration = .seconds(300)
  /// How often a job with `rebalance` is looked at.
  package var rebalancing: Duration = .seconds(10)
  /// How long the dead stay in `status`.
  package var remembrance: Duration = .seconds(60)
  package var workersMax = 4096
  /// Jobs that are not over.
  package var jobsMax = 1000
  /// How many of the jobs that ended last are known here; the store has all.
  package var endedMax = 20

  package init() {}
}

package enum CoordinatorEvent: Hashable, Sendable {
  case worker(Incarnation, WorkerMessage)
  /// The connection of this process broke; the process may still live.
  case disconnected(Incarnation)
  /// The key of this process no longer admits it.
  case barred(Incarnation, reason: String)
  /// `request` is any number that tells this question from other open ones.
  case submit(JobRequest, RequestID)
  case cancel(JobID, reason: String, RequestID)
  /// `worker`: Its number or its name.
  case drain(worker: String, reason: String, RequestID)
  /// The files of a checkpoint are complete and durable.
  case checkpointStored(JobID, Checkpoint)
  /// The checkpoint on record cannot be read any more; `before` is the newest that can.
  case checkpointDamaged(JobID, before: Checkpoint?, reason: String)
  /// Time went by; at least every 50 ms.
  case tick
}

/// To be carried out in order.
package enum CoordinatorAction: Hashable, Sendable {
  /// Must be durable before any later action of the same list is carried out.
  case persist(Record)
  case send(CoordinatorMessage, to: Incarnation)
  case answer(RequestID, OperatorReply)
  /// Steps seen for the first time since the last restart; the store ignores those it has.
  case record(JobID, [StepReport])
  /// For the log and the followers; sequence and time are the process's to fill in.
  case announce(ClusterEvent)
  /// Nothing more will come for this job; close its files.
  case jobEnded(JobID, JobStatus.State)
}

/// What the machine must know of a submitted job.
package struct JobRequest: Hashable, Codable, Sendable {
  package var name: String
  /// Canonical JSON text; opaque here.
  package var specification: String
  package var replicas: Int
  /// At most so many workers; nil for as many as there are replicas.
  package var workersMax: Int?
  /// Whether replicas move off slow workers.
  package var rebalances: Bool?
  /// The job's folder in the store; empty for one named after the job.
  package var output: String
  /// Where to start, if not at the beginning.
  package var checkpoint: Checkpoint?
  /// The folder that checkpoint is taken from; nil if it lies in the job's own.
  package var checkpointFolder: String?
  /// Seconds since 1970.
  package var submittedAt: Int64
  /// How many of the newest checkpoints its folder keeps.
  package var checkpointsKept: Int?

  package init(
    name: String, specification: String, replicas: Int, workersMax: Int? = nil,
    output: String = "", checkpoint: Checkpoint? = nil, submittedAt: Int64 = 0
  ) {
    self.name = name
    self.specification = specification
    self.replicas = replicas
    self.workersMax = workersMax
    self.output = output
    self.checkpoint = checkpoint
    self.submittedAt = submittedAt
  }
}

/// What must survive the coordinator; the newest record of a job replaces the older ones.
package enum Record: Hashable, Codable, Sendable {
  case job(JobRecord)
  /// Worker numbers up to this one are given away.
  case workersIssued(UInt32)
}

package struct JobRecord: Hashable, Codable, Sendable {
  package var job: JobID
  package var request: JobRequest
  package var state: JobStatus.State
  package var reason = ""
  /// The last one announced to anybody.
  package var generation = Generation.zero
  /// Of that generation, in the order of replicas.
  package var members: [Member] = []
  /// What the job's arithmetic was fixed to by its first generation; empty before.
  package var fingerprint: [NamedText] = []
  package var checkpoint: Checkpoint?
  /// The one before it, as long as its files are kept.
  package var earlierCheckpoint: Checkpoint?
  package var position = Position.beginning
  /// Of the last report; passes are reported after their step.
  package var reported = Position.beginning
  package var step: UInt64 = 0
  package var stepsTotal: UInt64 = 0
  package var loss: Double?
  package var scalars: [NamedNumber] = []
  package var samples: UInt64 = 0
  package var skippedSamples: UInt64 = 0
  package var scores: [NamedNumber] = []
  package var artifacts: [Artifact] = []
  package var peakBytesPerReplica: UInt64 = 0
  /// What a member needs besides, however many replicas it hosts.
  package var fixedBytes: UInt64?

  package init(job: JobID, request: JobRequest, state: JobStatus.State) {
    self.job = job
    self.request = request
    self.state = state
    checkpoint = request.checkpoint
  }

  package var output: String { request.output.isEmpty ? "\(job)" : request.output }
}
