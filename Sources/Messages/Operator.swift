// The command line and the coordinator: every request is answered by the reply of its kind, or by
// Failure.

internal import CMessages

package enum OperatorRequest: Conversation {
  case submit(Submit)
  case status
  case show(JobID)
  case logs(LogsRequest)
  case cancel(CancelRequest)
  case files(JobID)
  case events(EventsRequest)
  case drain(DrainRequest)
  case issue(TokenRequest)
  case keys
  case revoke(String)
  case digests(DigestsRequest)
  case jobs(JobsRequest)

  package func packed() -> PackedMessage {
    switch self {
    case .submit(let value): PackedMessage(MARTLET__KIND__KIND_SUBMIT, value)
    case .status: PackedMessage(MARTLET__KIND__KIND_STATUS_REQUEST, StatusRequest())
    case .show(let job): PackedMessage(MARTLET__KIND__KIND_SHOW_REQUEST, ShowRequest(job: job))
    case .logs(let value): PackedMessage(MARTLET__KIND__KIND_LOGS_REQUEST, value)
    case .cancel(let value): PackedMessage(MARTLET__KIND__KIND_CANCEL_REQUEST, value)
    case .files(let job): PackedMessage(MARTLET__KIND__KIND_FILES_REQUEST, FilesRequest(job: job))
    case .events(let value): PackedMessage(MARTLET__KIND__KIND_EVENTS_REQUEST, value)
    case .drain(let value): PackedMessage(MARTLET__KIND__KIND_DRAIN_REQUEST, value)
    case .issue(let value): PackedMessage(MARTLET__KIND__KIND_TOKEN_REQUEST, value)
    case .keys: PackedMessage(MARTLET__KIND__KIND_KEYS_REQUEST, KeysRequest())
    case .revoke(let key):
      PackedMessage(MARTLET__KIND__KIND_REVOKE_REQUEST, RevokeRequest(key: key))
    case .digests(let value): PackedMessage(MARTLET__KIND__KIND_DIGESTS_REQUEST, value)
    case .jobs(let value): PackedMessage(MARTLET__KIND__KIND_JOBS_REQUEST, value)
    }
  }

  package init(kind: UInt32, header: Header, body: [UInt8]) throws(WireError) {
    switch Martlet__Kind(kind) {
    case MARTLET__KIND__KIND_SUBMIT: self = .submit(try open(Submit.self, header, body))
    case MARTLET__KIND__KIND_STATUS_REQUEST:
      _ = try open(StatusRequest.self, header, body)
      self = .status
    case MARTLET__KIND__KIND_SHOW_REQUEST:
      self = .show(try open(ShowRequest.self, header, body).job)
    case MARTLET__KIND__KIND_LOGS_REQUEST: self = .logs(try open(LogsRequest.self, header, body))
    case MARTLET__KIND__KIND_CANCEL_REQUEST:
      self = .cancel(try open(CancelRequest.self, header, body))
    case MARTLET__KIND__KIND_FILES_REQUEST:
      self = .files(try open(FilesRequest.self, header, body).job)
    case MARTLET__KIND__KIND_EVENTS_REQUEST:
      self = .events(try open(EventsRequest.self, header, body))
    case MARTLET__KIND__KIND_DRAIN_REQUEST:
      self = .drain(try open(DrainRequest.self, header, body))
    case MARTLET__KIND__KIND_TOKEN_REQUEST:
      self = .issue(try open(TokenRequest.self, header, body))
    case MARTLET__KIND__KIND_KEYS_REQUEST:
      _ = try open(KeysRequest.self, header, body)
      self = .keys
    case MARTLET__KIND__KIND_REVOKE_REQUEST:
      self = .revoke(try open(RevokeRequest.self, header, body).key)
    case MARTLET__KIND__KIND_DIGESTS_REQUEST:
      self = .digests(try open(DigestsRequest.self, header, body))
    case MARTLET__KIND__KIND_JOBS_REQUEST: self = .jobs(try open(JobsRequest.self, header, body))
    default: throw unknownKind(kind, in: "of an operator")
    }
  }
}

package enum OperatorReply: Conversation {
  case submitted(Submitted)
  case status(ClusterStatus)
  case job(JobDetail)
  case logs(Logs)
  case cancelled(JobID)
  case files(Files)
  case events(Events)
  case draining(WorkerID)
  case issued(KeyRecord)
  case keys([KeyRecord])
  case digests(Digests)
  case jobs(Jobs)
  case failure(Failure)

  package func packed() -> PackedMessage {
    switch self {
    case .submitted(let value): PackedMessage(MARTLET__KIND__KIND_SUBMITTED, value)
    case .status(let value): PackedMessage(MARTLET__KIND__KIND_STATUS, value)
    case .job(let value): PackedMessage(MARTLET__KIND__KIND_JOB_DETAIL, value)
    case .logs(let value): PackedMessage(MARTLET__KIND__KIND_LOGS, value)
    case .cancelled(let job): PackedMessage(MARTLET__KIND__KIND_CANCELLED, Cancelled(job: job))
    case .files(let value): PackedMessage(MARTLET__KIND__KIND_FILES, value)
    case .events(let value): PackedMessage(MARTLET__KIND__KIND_EVENTS, value)
    case .draining(let worker):
      PackedMessage(MARTLET__KIND__KIND_DRAINING, Draining(worker: worker))
    case .issued(let key): PackedMessage(MARTLET__KIND__KIND_TOKEN_ISSUED, TokenIssued(key: key))
    case .keys(let keys): PackedMessage(MARTLET__KIND__KIND_KEYS, Keys(keys: keys))
    case .digests(let value): PackedMessage(MARTLET__KIND__KIND_DIGESTS, value)
    case .jobs(let value): PackedMessage(MARTLET__KIND__KIND_JOBS, value)
    case .failure(let value): PackedMessage(MARTLET__KIND__KIND_FAILURE, value)
    }
  }

  package init(kind: UInt32, header: Header, body: [UInt8]) throws(WireError) {
    switch Martlet__Kind(kind) {
    case MARTLET__KIND__KIND_SUBMITTED: self = .submitted(try open(Submitted.self, header, body))
    case MARTLET__KIND__KIND_STATUS: self = .status(try open(ClusterStatus.self, header, body))
    case MARTLET__KIND__KIND_JOB_DETAIL: self = .job(try open(JobDetail.self, header, body))
    case MARTLET__KIND__KIND_LOGS: self = .logs(try open(Logs.self, header, body))
    case MARTLET__KIND__KIND_CANCELLED:
      self = .cancelled(try open(Cancelled.self, header, body).job)
    case MARTLET__KIND__KIND_FILES: self = .files(try open(Files.self, header, body))
    case MARTLET__KIND__KIND_EVENTS: self = .events(try open(Events.self, header, body))
    case MARTLET__KIND__KIND_DRAINING:
      self = .draining(try open(Draining.self, header, body).worker)
    case MARTLET__KIND__KIND_TOKEN_ISSUED:
      self = .issued(try open(TokenIssued.self, header, body).key)
    case MARTLET__KIND__KIND_KEYS: self = .keys(try open(Keys.self, header, body).keys)
    case MARTLET__KIND__KIND_DIGESTS: self = .digests(try open(Digests.self, header, body))
    case MARTLET__KIND__KIND_JOBS: self = .jobs(try open(Jobs.self, header, body))
    case MARTLET__KIND__KIND_FAILURE: self = .failure(try open(Failure.self, header, body))
    default: throw unknownKind(kind, in: "of the coordinator to an operator")
    }
  }
}

/// Queue a job. Answered by Submitted. Since 1.
package struct Submit: Hashable, Sendable {
  /// JSON text of the job, with absolute paths.
  package var specification: String
  /// A name for people.
  package var name: String
  /// Absolute path of weights to start from; empty for none.
  package var initialWeights: String
  /// A job (`j3`) or a checkpoint's name in the store to go on from; empty for none.
  package var resume: String

  package init(
    specification: String, name: String, initialWeights: String = "", resume: String = ""
  ) {
    self.specification = specification
    self.name = name
    self.initialWeights = initialWeights
    self.resume = resume
  }
}

/// A piece of a job's log. Answered by Logs. Since 1.
package struct LogsRequest: Hashable, Sendable {
  package var job: JobID
  /// In bytes, from the log's beginning.
  package var offset: UInt64
  package var bytesMax: UInt32

  package init(job: JobID, offset: UInt64 = 0, bytesMax: UInt32 = 256 * 1024) {
    self.job = job
    self.offset = offset
    self.bytesMax = bytesMax
  }
}

/// End a job; its last checkpoint stays. Answered by Cancelled. Since 1.
package struct CancelRequest: Hashable, Sendable {
  package var job: JobID
  package var reason: String

  package init(job: JobID, reason: String) {
    self.job = job
    self.reason = reason
  }
}

/// What happened after event number `after`, to one job or to all. Answered by Events. Since 1.
package struct EventsRequest: Hashable, Sendable {
  package var job: JobID?
  package var after: UInt64
  package var countMax: UInt32

  package init(job: JobID? = nil, after: UInt64 = 0, countMax: UInt32 = 1000) {
    self.job = job
    self.after = after
    self.countMax = countMax
  }
}

/// Let a worker hand its job over and go. Answered by Draining at once. Since 1.
package struct DrainRequest: Hashable, Sendable {
  /// Its number (`w3`) or its name.
  package var worker: String
  package var reason: String

  package init(worker: String, reason: String) {
    self.worker = worker
    self.reason = reason
  }
}

/// Answer to Submit: the job is durable. Since 1.
package struct Submitted: Hashable, Codable, Sendable {
  package var job: JobID
  /// The job's folder in the coordinator's store.
  package var output: String

  package init(job: JobID, output: String) {
    self.job = job
    self.output = output
  }
}

/// Answer to a show request. Since 1.
package struct JobDetail: Hashable, Codable, Sendable {
  package var status: JobStatus
  package var specification: String

  package init(status: JobStatus, specification: String) {
    self.status = status
    self.specification = specification
  }
}

/// Answer to LogsRequest. Since 1.
package struct Logs: Hashable, Codable, Sendable {
  package var text: String
  package var nextOffset: UInt64
  /// The job is over and nothing follows.
  package var ended: Bool

  package init(text: String, nextOffset: UInt64, ended: Bool) {
    self.text = text
    self.nextOffset = nextOffset
    self.ended = ended
  }
}

/// Answer to a files request: what `martlet fetch` can bring home. Since 1.
package struct Files: Hashable, Codable, Sendable {
  package var job: JobID
  package var files: [Artifact]

  package init(job: JobID, files: [Artifact]) {
    self.job = job
    self.files = files
  }
}

/// Answer to EventsRequest. Since 1.
package struct Events: Hashable, Codable, Sendable {
  package var events: [ClusterEvent]
  /// The newest event's number, also when none was asked for.
  package var last: UInt64

  package init(events: [ClusterEvent], last: UInt64) {
    self.events = events
    self.last = last
  }
}

/// The recorded digests of a job's commits after position number `after`. Answered by Digests.
/// Since 1.
package struct DigestsRequest: Hashable, Sendable {
  package var job: JobID
  package var after: UInt64
  package var countMax: UInt32

  package init(job: JobID, after: UInt64 = 0, countMax: UInt32 = 4096) {
    self.job = job
    self.after = after
    self.countMax = countMax
  }
}

/// A commit and the digest that was recorded of it.
package struct CommitDigest: Hashable, Codable, Sendable {
  package var position: Position
  package var digest: String

  package init(position: Position, digest: String) {
    self.position = position
    self.digest = digest
  }
}

/// Answer to DigestsRequest, in the order of positions. Since 1.
package struct Digests: Hashable, Codable, Sendable {
  package var commits: [CommitDigest]
  /// What the job's arithmetic was fixed to; empty before its first generation.
  package var fingerprint: [NamedText]
  /// Whether nothing follows these.
  package var isComplete: Bool

  package init(commits: [CommitDigest], fingerprint: [NamedText], isComplete: Bool) {
    self.commits = commits
    self.fingerprint = fingerprint
    self.isComplete = isComplete
  }
}

/// All jobs with numbers above `after`, those that ended long ago too. Answered by Jobs. Since 1.
package struct JobsRequest: Hashable, Sendable {
  package var after: UInt64
  package var countMax: UInt32
  /// The most that one answer has.
  package static let pageMax = 200

  package init(after: UInt64 = 0, countMax: UInt32 = UInt32(pageMax)) {
    self.after = after
    self.countMax = countMax
  }
}

/// Answer to JobsRequest, in the order of their numbers. Since 1.
package struct Jobs: Hashable, Codable, Sendable {
  package var jobs: [JobStatus]
  /// Whether nothing follows these.
  package var isComplete: Bool

  package init(jobs: [JobStatus], isComplete: Bool) {
    self.jobs = jobs
    self.isComplete = isComplete
  }
}

/// Answer to any request that could not be fulfilled. Since 1.
package struct Failure: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  package var reason: String
  /// What to do about it.
  package var advice: String
  /// The key of the job file at fault, if one is.
  package var field: String
  /// Whether it is worth asking again in a moment; said by the bulk plane alone.
  package var isPassing = false

  package init(reason: String, advice: String = "", field: String = "") {
    self.reason = reason
    self.advice = advice
    self.field = field
  }

  package var description: String {
    [field.isEmpty ? reason : "\(field): \(reason)", advice]
      .filter { !$0.isEmpty }.joined(separator: "; ")
  }
}

struct StatusRequest {}
struct ShowRequest { var job: JobID }
struct FilesRequest { var job: JobID }
struct Cancelled { var job: JobID }
struct Draining { var worker: WorkerID }
