// The coordinator's decisions: who is a member, which job runs, who hosts which replicas.
//
//   job:     queued ─► preparing ─► running ─► finished | failed | cancelled
//                         ▲  │         │
//                         │  └─────────┤  a member died, left, failed, or an idle worker joins
//                      waiting ◄───────┘  nobody is left (or too little memory), with the reason
//
// A generation is durable before anybody hears of it, its members stop their step and say ready,
// and only when all have said so does data flow again. No clock, socket or file in here.

import Messages

package struct CoordinatorMachine: Sendable {
  package let settings: CoordinatorSettings
  var workers: [WorkerID: Worker] = [:]
  var numbers: [Incarnation: WorkerID] = [:]
  var departed: [Departed] = []
  var jobs: [JobID: Job] = [:]
  var workersIssued: UInt32 = 0
  var actions: [CoordinatorAction] = []
  /// Whether jobs of an earlier life of the coordinator still hope for their workers, until when.
  var isRecovering: Bool
  var recoversUntil: Moment?
  /// Whether something happened that a job's membership may depend on, and until when time alone may
  /// bring something more: the waits for company are no longer than the patience. With thousands of
  /// workers nearly all events are heartbeats; a look at every worker for each would be all we do.
  var hasNews = true
  private var looksUntil = Moment()

  /// A machine that goes on where `records` end.
  package init(settings: CoordinatorSettings = CoordinatorSettings(), records: [Record] = []) {
    self.settings = settings
    for record in records {
      switch record {
      case .job(let record): jobs[record.job] = Job(restoring: record)
      case .workersIssued(let number): workersIssued = max(workersIssued, number)
      }
    }
    isRecovering = jobs.values.contains { !$0.isOver && $0.record.generation != .zero }
  }

  package mutating func handle(_ event: CoordinatorEvent, at now: Moment) -> [CoordinatorAction] {
    if isRecovering, recoversUntil == nil { recoversUntil = now + settings.recovery }
    if let until = recoversUntil, now >= until {
      isRecovering = false
      recoversUntil = nil
      hasNews = true
    }
    switch event {
    case .tick, .worker(_, .heartbeat), .worker(_, .stepReports): break
    default: hasNews = true
    }
    switch event {
    case .worker(let sender, let message): hear(message, from: sender, now)
    case .disconnected(let incarnation):
      if let id = numbers[incarnation] { lose(id, .workerLost, "its connection broke", now) }
    case .submit(let request, let question): submit(request, question, now)
    case .cancel(let job, let reason, let question): cancel(job, reason, question, now)
    case .checkpointStored(let job, let checkpoint): store(checkpoint, of: job)
    case .checkpointDamaged(let job, let before, let reason): fallBack(job, to: before, reason)
    case .tick: expelSilent(now)
    }
    if isWorthALook(event, now) { schedule(now) }
    defer { actions = [] }
    return actions
  }

  private mutating func isWorthALook(_ event: CoordinatorEvent, _ now: Moment) -> Bool {
    if hasNews {
      hasNews = false
      looksUntil = now + max(settings.patience, settings.gathering, settings.settling) * 2
      return true
    }
    return event == .tick && (now <= looksUntil || jobs.values.contains { $0.isPreparing })
  }

  private mutating func hear(_ message: WorkerMessage, from sender: Incarnation, _ now: Moment) {
    if case .hello(let hello) = message {
      welcome(hello, sender, now)
      return
    }
    guard let id = numbers[sender] else {
      actions.append(
        .send(.rejoin(Rejoin(reason: "the coordinator does not know this worker")), to: sender))
      return
    }
    workers[id]?.lastHeard = now
    switch message {
    case .hello: break
    case .heartbeat(let heartbeat): note(heartbeat, of: id)
    case .ready(let ready): note(ready, of: id, now)
    case .stepReports(let reports): note(reports, of: id)
    case .failed(let failure): note(failure, of: id, now)
    case .finished(let finished): note(finished, of: id, now)
    case .leave(let leave): release(id, leave.reason, now)
    }
  }

  mutating func send(_ message: CoordinatorMessage, to id: WorkerID) {
    if let incarnation = workers[id]?.incarnation {
      actions.append(.send(message, to: incarnation))
    }
  }

  mutating func announce(
    _ kind: ClusterEvent.Kind, job: JobID? = nil, generation: Generation? = nil,
    worker: WorkerID? = nil, _ text: String
  ) {
    hasNews = true
    actions.append(
      .announce(ClusterEvent(kind, job: job, generation: generation, worker: worker, text)))
  }
}

/// A living worker.
struct Worker: Sendable {
  let id: WorkerID
  let incarnation: Incarnation
  var hello: Hello
  var lastHeard: Moment
  var idleSince: Moment
  var heartbeat: Heartbeat?
  var job: JobID?
  /// Jobs it proved unable to run, and why.
  var unfit: [JobID: String] = [:]

  /// The build counts as the first item: another build may round differently.
  var fingerprint: [NamedText] { [NamedText("build", hello.build)] + hello.fingerprint }
  var threads: Int { Int(max(1, hello.threads == 0 ? hello.cores : hello.threads)) }
}

/// A worker that is gone, for `status`.
struct Departed: Sendable {
  var status: WorkerStatus
  var at: Moment
}

/// A job and what of it need not survive the coordinator.
struct Job: Sendable {
  enum Phase: Hashable, Sendable {
    case waiting(reason: String)
    case preparing(since: Moment, ready: [WorkerID: Ready])
    case open(since: Moment)
    case over
  }

  var record: JobRecord
  var phase: Phase
  /// Why the present generation cannot go on.
  var broken: String?
  /// From where the present generation began.
  var start = OpenGeneration.Start.beginning
  /// Generations in a row in which nothing was committed.
  var stalls = 0
  var positionAtPreparation: Position?
  var secondsPerStep: Double?
  var samplesPerSecond = 0.0
  /// Members of the last generation that came back to a restarted coordinator, still in it.
  var recovered: Set<WorkerID> = []

  var isOver: Bool { phase == .over }
  var isPreparing: Bool {
    if case .preparing = phase { true } else { false }
  }
  var limit: Int {
    max(1, min(record.request.workersMax ?? .max, record.request.replicas))
  }

  init(_ record: JobRecord) {
    self.record = record
    phase = .waiting(reason: "no worker yet")
  }

  init(restoring record: JobRecord) {
    self.record = record
    phase =
      record.state.isOver ? .over : .waiting(reason: "the coordinator restarted; no worker yet")
    if phase != .over, record.generation != .zero { self.record.state = .waiting }
  }
}
