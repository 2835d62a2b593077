// The coordinator's decisions: who is a member, which job runs, who hosts which replicas.
//
//   job:     queued ─► preparing ─► running ─► finished | failed | cancelled
//                         ▲  │         │
//                         │  └─────────┤  a member died or failed; or, between two steps, left or joins
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
  var jobsIssued: UInt64 = 0
  /// The jobs that are over and still known, in the order of their ends.
  var ended: [JobID] = []
  var workersIssued: UInt32 = 0
  /// Processes that serve no job any more, and why; they are told by their incarnation, so a restart
  /// lets them in again.
  var quarantined: [(incarnation: Incarnation, reason: String)] = []
  var actions: [CoordinatorAction] = []
  /// Whether jobs of an earlier life of the coordinator still hope for their workers, until when.
  var isRecovering = false
  var recoversUntil: Moment?

  /// A machine that goes on where `records` end.
  package init(settings: CoordinatorSettings = CoordinatorSettings(), records: [Record] = []) {
    self.settings = settings
    for record in records {
      switch record {
      case .job(let record): jobs[record.job] = Job(restoring: record)
      case .workersIssued(let number): workersIssued = max(workersIssued, number)
      }
    }
    jobsIssued = jobs.keys.max()?.number ?? 0
    ended = jobs.values.filter(\.isOver).map(\.record.job).sorted()
    forgetEnded()
    isRecovering = jobs.values.contains { !$0.isOver && $0.record.generation != .zero }
  }

  package mutating func handle(_ event: CoordinatorEvent, at now: Moment) -> [CoordinatorAction] {
    if isRecovering, recoversUntil == nil { recoversUntil = now + settings.recovery }
    if let until = recoversUntil, now >= until {
      isRecovering = false
      recoversUntil = nil
    }
    switch event {
    case .worker(let sender, let message): hear(message, from: sender, now)
    case .disconnected(let incarnation):
      if let id = numbers[incarnation] { lose(id, .workerLost, "its connection broke", now) }
    case .barred(let incarnation, let reason):
      if let id = numbers[incarnation] { lose(id, .workerExpelled, reason, now) }
    case .submit(let request, let question): submit(request, question, now)
    case .cancel(let job, let reason, let question): cancel(job, reason, question, now)
    case .drain(let name, let reason, let question): drain(name, reason, question, now)
    case .checkpointStored(let job, let checkpoint): store(checkpoint, of: job)
    case .checkpointDamaged(let job, let before, let reason): fallBack(job, to: before, reason)
    case .tick:
      expelSilent(now)
      judgeProgress(now)
      balance(now)
    }
    // What heartbeats and reports bring may wait for the next tick: with thousands of workers they are
    // nearly all events, and a look at every worker for each would be all we do.
    switch event {
    case .worker(_, .heartbeat), .worker(_, .stepReports): break
    default: schedule(now)
    }
    defer { actions = [] }
    return actions
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
    case .heartbeat(let heartbeat): note(heartbeat, of: id, now)
    case .ready(let ready): note(ready, of: id, now)
    case .stepReports(let reports): note(reports, of: id, now)
    case .failed(let failure): note(failure, of: id, now)
    case .finished(let finished): note(finished, of: id, now)
    case .leave(let leave): release(id, leave.reason, now)
    case .pausing(let pausing): note(pausing, of: id, now)
    case .warm(let warm): note(warm, of: id, now)
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
    actions.append(
      .announce(ClusterEvent(kind, job: job, generation: generation, worker: worker, text)))
  }
}

/// A living worker.
struct Worker: Sendable {
  let id: WorkerID
  let incarnation: Incarnation
  var hello: Hello { didSet { fingerprint = Self.fingerprint(of: hello) } }
  /// The build counts as the first item: another build may round differently.
  private(set) var fingerprint: [NamedText]
  var lastHeard: Moment
  var idleSince: Moment
  var heartbeat: Heartbeat?
  var job: JobID? { didSet { if job != oldValue { holdsState = false } } }
  /// Whether a generation of its job was opened with it.
  var holdsState = false
  var warmUp: WarmUp?
  /// Why it was asked to go, if it was.
  var leaving: String?
  /// Whether it said itself that it leaves, and so goes once it is let go.
  var hasSaidGoodbye = false
  /// Jobs it proved unable to run, and why.
  var unfit: [JobID: String] = [:]
  /// Why it gets no job at all as long as its process lives.
  var stuck: String?
  var watch: Watch?
  /// Its recent steps in `paceJob`, the last of which ended at `pacePosition`.
  var pace = Pace()
  var paceJob: JobID?
  var pacePosition: Position?

  var threads: Int { Int(max(1, hello.threads == 0 ? hello.cores : hello.threads)) }

  init(
    id: WorkerID, incarnation: Incarnation, hello: Hello, lastHeard: Moment, idleSince: Moment
  ) {
    (self.id, self.incarnation, self.hello) = (id, incarnation, hello)
    (self.lastHeard, self.idleSince) = (lastHeard, idleSince)
    fingerprint = Self.fingerprint(of: hello)
  }

  private static func fingerprint(of hello: Hello) -> [NamedText] {
    [NamedText("build", hello.build)] + hello.fingerprint
  }

  func isFree(for id: JobID) -> Bool {
    job == nil && leaving == nil && (warmUp == nil || warmUp?.job == id)
  }

  /// The job that it builds before it joins.
  struct WarmUp: Sendable {
    let job: JobID
    let generation: Generation
    let since: Moment
    /// When it was done.
    var warmSince: Moment?
  }
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

  struct Pause: Sendable {
    let reason: String
    /// The position beyond which each member begins nothing.
    var reached: [WorkerID: Position] = [:]
    /// Where members wait.
    var waiting: [WorkerID: Position] = [:]
    /// The largest, which all were told to reach.
    var until: Position?
  }

  var record: JobRecord
  var phase: Phase
  /// Why the present generation cannot go on.
  var broken: String?
  /// The planned change that the members are brought to a common position for.
  var pause: Pause?
  /// The leaving worker that stores the job's last state.
  var saver: WorkerID?
  /// From where the present generation began.
  var start = OpenGeneration.Start.beginning
  /// Generations in a row in which nothing was committed.
  var stalls = 0
  var positionAtPreparation: Position?
  var secondsPerStep: Double?
  /// Of the last steps, at most `recentMax`.
  var recentSeconds: [Double] = []
  static let recentMax = 31
  var waits = WaitTally()
  /// When it was last seen whether replicas should move.
  var balancedAt: Moment?
  /// Members, also of earlier generations, between which the direct way does not work.
  var relayed: [RelayedPair: Relay] = [:]
  var samplesPerSecond = 0.0
  /// The members of the last generation that was opened; what they did may be told late.
  var lastOpened: Set<Incarnation> = []
  /// Members of the last generation that came back to a restarted coordinator, still in it.
  var recovered: Set<WorkerID> = []
  var memory = DigestMemory()

  var isOver: Bool { phase == .over }
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
    lastOpened = Set(record.members.map(\.incarnation))
  }
}
