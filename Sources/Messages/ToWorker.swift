// What the coordinator says to a worker.

internal import CMessages

package enum CoordinatorMessage: Conversation {
  case welcome(Welcome)
  case refused(Refused)
  case prepare(PrepareGeneration)
  case open(OpenGeneration)
  case stop(StopJob)
  case rejoin(Rejoin)
  case pause(Pause)
  case drain(Drain)

  package func packed() -> PackedMessage {
    switch self {
    case .welcome(let value): PackedMessage(MARTLET__KIND__KIND_WELCOME, value)
    case .refused(let value): PackedMessage(MARTLET__KIND__KIND_REFUSED, value)
    case .prepare(let value): PackedMessage(MARTLET__KIND__KIND_PREPARE_GENERATION, value)
    case .open(let value): PackedMessage(MARTLET__KIND__KIND_OPEN_GENERATION, value)
    case .stop(let value): PackedMessage(MARTLET__KIND__KIND_STOP_JOB, value)
    case .rejoin(let value): PackedMessage(MARTLET__KIND__KIND_REJOIN, value)
    case .pause(let value): PackedMessage(MARTLET__KIND__KIND_PAUSE, value)
    case .drain(let value): PackedMessage(MARTLET__KIND__KIND_DRAIN, value)
    }
  }

  package init(kind: UInt32, header: Header, body: [UInt8]) throws(WireError) {
    switch Martlet__Kind(kind) {
    case MARTLET__KIND__KIND_WELCOME:
      self = .welcome(try Messages.open(Welcome.self, header, body))
    case MARTLET__KIND__KIND_REFUSED:
      self = .refused(try Messages.open(Refused.self, header, body))
    case MARTLET__KIND__KIND_PREPARE_GENERATION:
      self = .prepare(try Messages.open(PrepareGeneration.self, header, body))
    case MARTLET__KIND__KIND_OPEN_GENERATION:
      self = .open(try Messages.open(OpenGeneration.self, header, body))
    case MARTLET__KIND__KIND_STOP_JOB:
      self = .stop(try Messages.open(StopJob.self, header, body))
    case MARTLET__KIND__KIND_REJOIN:
      self = .rejoin(try Messages.open(Rejoin.self, header, body))
    case MARTLET__KIND__KIND_PAUSE:
      self = .pause(try Messages.open(Pause.self, header, body))
    case MARTLET__KIND__KIND_DRAIN:
      self = .drain(try Messages.open(Drain.self, header, body))
    default: throw unknownKind(kind, in: "of the coordinator to a worker")
    }
  }
}

/// Answer to Hello: the worker is a member of the cluster. Since 1.
package struct Welcome: Hashable, Sendable {
  package var worker: WorkerID
  package var heartbeatSeconds: Double
  /// How long the coordinator bears a worker's silence.
  package var patienceSeconds: Double

  package init(worker: WorkerID, heartbeatSeconds: Double, patienceSeconds: Double) {
    self.worker = worker
    self.heartbeatSeconds = heartbeatSeconds
    self.patienceSeconds = patienceSeconds
  }
}

/// Answer to Hello: not as you are. With a job: welcome, but not to this job. Since 1.
package struct Refused: Hashable, Sendable {
  package var job: JobID?
  package var reason: String
  /// The item that differs, with the coordinator's (or the job's) value and the worker's.
  package var field: String
  package var ours: String
  package var theirs: String

  package init(
    job: JobID? = nil, reason: String, field: String = "", ours: String = "", theirs: String = ""
  ) {
    self.job = job
    self.reason = reason
    self.field = field
    self.ours = ours
    self.theirs = theirs
  }
}

/// A worker of a generation and the replicas it hosts.
package struct Member: Hashable, Codable, Sendable {
  package var worker: WorkerID
  package var incarnation: Incarnation
  package var exchange: ExchangeAddress
  package var hostIdentity: String
  package var replicas: ReplicaRange

  package init(
    worker: WorkerID, incarnation: Incarnation, exchange: ExchangeAddress, hostIdentity: String,
    replicas: ReplicaRange
  ) {
    self.worker = worker
    self.incarnation = incarnation
    self.exchange = exchange
    self.hostIdentity = hostIdentity
    self.replicas = replicas
  }
}

/// Two workers with no way between them but through the coordinator.
package struct RelayedPair: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package let lower: WorkerID
  package let upper: WorkerID

  /// In either order; the two differ.
  package init(_ a: WorkerID, _ b: WorkerID) { (lower, upper) = (min(a, b), max(a, b)) }

  /// The other of the two; nil for a worker that is neither.
  package func other(than worker: WorkerID) -> WorkerID? {
    worker == lower ? upper : worker == upper ? lower : nil
  }

  package static func < (a: Self, b: Self) -> Bool { (a.lower, a.upper) < (b.lower, b.upper) }
  package var description: String { "\(lower)–\(upper)" }
}

/// Stop the step you are in, learn the new members, answer Ready. As a warm-up: build the job's model
/// and open its data, so that a later generation need not wait for it; answer Warm. Since 1.
package struct PrepareGeneration: Hashable, Sendable {
  package var job: JobID
  package var generation: Generation
  /// Canonical JSON text of the job.
  package var specification: String
  /// The job's folder in the coordinator's store.
  package var output: String
  package var replicas: Int
  /// In the order of their replicas.
  package var members: [Member]
  /// The newest checkpoint, for when nobody holds a later state.
  package var checkpoint: Checkpoint?
  package var reason: String
  /// The receiver is no member: `generation` and `members` are those that train meanwhile.
  package var isWarmUp = false
  /// Members that exchange through the coordinator's relay, because the way between them is cut.
  package var relayed: [RelayedPair] = []
  /// The coordinator's process sets it, its machine knows no keys.
  package var protection: ExchangeProtection

  package init(
    job: JobID, generation: Generation, specification: String, output: String, replicas: Int,
    members: [Member], checkpoint: Checkpoint?, reason: String,
    protection: ExchangeProtection = .plain
  ) {
    self.job = job
    self.generation = generation
    self.specification = specification
    self.output = output
    self.replicas = replicas
    self.members = members
    self.checkpoint = checkpoint
    self.reason = reason
    self.protection = protection
  }
}

/// All members are ready: bring your state to `start`, then let data flow. Since 1.
package struct OpenGeneration: Hashable, Sendable {
  package var job: JobID
  package var generation: Generation
  package var start: Start

  /// The state every member must have when the generation's first step begins.
  package enum Start: Hashable, Sendable {
    /// The job's initial state, which every worker makes for itself.
    case beginning
    /// Whoever is behind copies it from `source`; who stands there keeps its own.
    case state(of: WorkerID, position: Position, digest: String)
    case checkpoint(Checkpoint)
  }

  package init(job: JobID, generation: Generation, start: Start) {
    self.job = job
    self.generation = generation
    self.start = start
  }
}

/// Drop the job and be idle, unless already in a later generation of it. Since 1.
package struct StopJob: Hashable, Sendable {
  package enum Cause: String, CaseIterable, Codable, Sendable {
    case finished, cancelled, failed, left, expelled
    /// Left, and nobody else has the job's state: store it first.
    case drained
  }

  package var job: JobID
  package var generation: Generation
  package var cause: Cause
  package var reason: String

  package init(job: JobID, generation: Generation, cause: Cause, reason: String) {
    self.job = job
    self.generation = generation
    self.cause = cause
    self.reason = reason
  }
}

/// The coordinator does not know this worker (any more): say Hello. Since 1.
package struct Rejoin: Hashable, Sendable {
  package var reason: String
  package init(reason: String) { self.reason = reason }
}

/// Wait between two commits, because a change of members is planned: after the commit in flight, or
/// after the one that reaches `until`. Answered by Pausing; ends with the generation, or with the
/// connection to the coordinator. Since 1.
package struct Pause: Hashable, Sendable {
  package var job: JobID
  package var generation: Generation
  package var until: Position?

  package init(job: JobID, generation: Generation, until: Position? = nil) {
    self.job = job
    self.generation = generation
    self.until = until
  }
}

/// An operator wants this worker to go; answered by Leave. Since 1.
package struct Drain: Hashable, Sendable {
  package var reason: String
  package init(reason: String) { self.reason = reason }
}
