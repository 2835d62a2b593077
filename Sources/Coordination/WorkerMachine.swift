// A worker's part in the membership.
//
//   joining ─► member:   idle ─► (warming ─► warm) ─► preparing ─► ready ─► (fetching) ─► open
//      ▲         │                                        ▲                               │
//      └─────────┘                                        └──── a new generation ─────────┘
//
// Joining and the job are independent: without a coordinator an open generation goes on training,
// and its standing is told with the next hello. Generations only rise; whatever belongs to an
// older one is dropped here, so late and doubled messages do no harm.

import Messages

package struct WorkerMachine: Sendable {
  package let settings: WorkerSettings
  /// What is said of this process in every hello.
  private let introduction: Hello
  package private(set) var worker: WorkerID?
  private var isConnected = false
  /// Whether the coordinator knows this worker.
  package private(set) var isMember = false
  private var nextHello = Moment()
  private var retry: Duration
  private var heartbeatInterval: Duration
  private var nextHeartbeat = Moment()
  private var holding: Holding?
  /// Generations up to these are over; jobs stopped long ago are forgotten.
  private var stopped: [(job: JobID, generation: Generation)] = []
  /// Said again until the coordinator reacts with a newer generation or the job's end.
  private var unanswered: (message: WorkerMessage, next: Moment)?
  private var leaving: (reason: String, until: Moment)?
  /// Whether the last state of a job is being stored.
  private var isSaving = false
  private var isGone = false
  private var actions: [WorkerAction] = []

  /// The word for a worker in an open generation, in place of which its process says what it does.
  package static let runningPhase = "running"

  /// The job this worker has, and how far it is in its newest generation.
  private struct Holding: Sendable {
    enum Phase: Hashable, Sendable {
      case warming, warm
      case preparing
      case ready(committed: Position?, digest: String)
      case fetching
      case open
      /// Done or failed here; what comes next is the coordinator's to say.
      case resting
    }

    let job: JobID
    var generation: Generation
    var phase = Phase.preparing
    /// Where to wait for a planned change, if one is asked for.
    var pause: Pause?

    /// A resting worker may have one failed replica and others that still wait for it.
    var mayBeInStep: Bool { phase == .open || phase == .fetching || phase == .resting }
    var word: String {
      switch phase {
      case .warming: "warming up"
      case .warm: "warm"
      case .preparing: "preparing"
      case .ready: "ready"
      case .fetching: "fetching"
      case .open: runningPhase
      case .resting: "resting"
      }
    }
  }

  /// Fills in `previous` and `standing` of the introduction itself.
  package init(introduction: Hello, settings: WorkerSettings = WorkerSettings()) {
    self.introduction = introduction
    self.settings = settings
    retry = settings.retry
    heartbeatInterval = settings.heartbeatInterval
  }

  /// The job and generation this worker holds, for envelopes and status.
  package var standing: Standing? {
    holding.map {
      Standing(job: $0.job, generation: $0.generation, isOpen: $0.phase == .open)
    }
  }

  package mutating func handle(_ event: WorkerEvent, at now: Moment) -> [WorkerAction] {
    guard !isGone else { return [] }
    switch event {
    case .connected:
      isConnected = true
      isMember = false
      retry = settings.retry
      goOn()
      sayHello(now)
    case .disconnected:
      isConnected = false
      isMember = false
      goOn()
    case .received(let message): hear(message, now)
    case .tick: keepTime(now)
    case .prepared(let job, let generation, let committed, let digest):
      guard isCurrent(job, generation), holding?.phase == .preparing else { break }
      holding?.phase = .ready(committed: committed, digest: digest)
      sayReady()
    case .stateReady(let job, let generation):
      guard isCurrent(job, generation), holding?.phase == .fetching else { break }
      open()
    case .warm(let job, let generation):
      guard isCurrent(job, generation), holding?.phase == .warming else { break }
      holding?.phase = .warm
      sayWarm()
    case .pausing(let job, let generation, let position, let isWaiting):
      guard isCurrent(job, generation), holding?.phase == .open, holding?.pause != nil, isMember
      else { break }
      actions.append(
        .send(
          .pausing(
            Pausing(job: job, generation: generation, position: position, isWaiting: isWaiting))))
    case .saved:
      isSaving = false
      if let reason = leaving?.reason, holding == nil { exit(reason) }
    case .failed(let job, let generation, let blame, let reason, let peer, let position):
      guard isCurrent(job, generation) else { break }
      rest(
        saying: .failed(
          WorkerFailed(
            job: job, generation: generation, blame: blame, reason: reason, peer: peer,
            position: position)), now)
    case .finished(let job, let generation, let scores, let artifacts):
      guard isCurrent(job, generation), holding?.phase == .open else { break }
      rest(
        saying: .finished(
          JobFinished(job: job, generation: generation, scores: scores, artifacts: artifacts)),
        now)
    case .leave(let reason): leave(reason, now)
    }
    defer { actions = [] }
    return actions
  }

  private func isCurrent(_ job: JobID, _ generation: Generation) -> Bool {
    holding?.job == job && holding?.generation == generation
  }

  private mutating func hear(_ message: CoordinatorMessage, _ now: Moment) {
    switch message {
    case .welcome(let welcome):
      worker = welcome.worker
      isMember = true
      retry = settings.retry
      heartbeatInterval = .seconds(welcome.heartbeatSeconds)
      nextHeartbeat = now
      if case .ready = holding?.phase { sayReady() }
      if case .warm = holding?.phase { sayWarm() }
      if let message = unanswered?.message {
        actions.append(.send(message))
        unanswered?.next = now + settings.repetition
      }
      if let reason = leaving?.reason { actions.append(.send(.leave(Leave(reason: reason)))) }
    case .refused(let refusal):
      actions.append(.refused(refusal))
      // A refusal by one job leaves the membership alone.
      if refusal.job == nil { isMember = false }
    case .prepare(let prepare): follow(prepare)
    case .open(let opening): open(opening)
    case .stop(let stop): end(stop)
    case .rejoin:
      // Each message of somebody unknown is answered so; one hello is enough for all of them.
      guard isMember || now >= nextHello else { break }
      isMember = false
      goOn()
      sayHello(now)
    case .pause(let pause): wait(pause)
    case .drain(let drain): leave(drain.reason, now)
    }
  }

  private mutating func follow(_ prepare: PrepareGeneration) {
    if let over = stopped.first(where: { $0.job == prepare.job }),
      prepare.generation <= over.generation
    {
      return
    }
    guard let held = holding else { return begin(prepare) }
    guard held.job == prepare.job else {
      // The stop of the other job was lost; nobody is prepared for a job while it runs another.
      drop(held, .left, "the coordinator gave this worker \(prepare.job)")
      return begin(prepare)
    }
    guard prepare.generation > held.generation else {
      guard prepare.generation == held.generation else { return }
      switch held.phase {
      case .ready: sayReady()
      case .warm: sayWarm()
      default: break
      }
      return
    }
    if held.mayBeInStep { actions.append(.stopStep(held.job, held.generation)) }
    unanswered = nil
    holding?.generation = prepare.generation
    holding?.phase = prepare.isWarmUp ? .warming : .preparing
    holding?.pause = nil
    actions.append(prepare.isWarmUp ? .warmUp(prepare) : .joinGeneration(prepare))
  }

  private mutating func begin(_ prepare: PrepareGeneration) {
    holding = Holding(
      job: prepare.job, generation: prepare.generation,
      phase: prepare.isWarmUp ? .warming : .preparing)
    actions.append(prepare.isWarmUp ? .warmUp(prepare) : .startJob(prepare))
  }

  /// A pause that overtakes the opening counts from then on.
  private mutating func wait(_ pause: Pause) {
    guard isCurrent(pause.job, pause.generation), let held = holding, held.phase != .resting else {
      return
    }
    let until = [held.pause?.until, pause.until].compactMap(\.self).max()
    holding?.pause = Pause(job: pause.job, generation: pause.generation, until: until)
    if held.phase == .open {
      actions.append(.pause(pause.job, pause.generation, until: pause.until))
    }
  }

  /// Without a coordinator nobody would end the pause; it asks again if it is still wanted.
  private mutating func goOn() {
    guard let held = holding, held.pause != nil else { return }
    holding?.pause = nil
    if held.phase == .open { actions.append(.goOn(held.job, held.generation)) }
  }

  private mutating func open() {
    guard let held = holding else { return }
    holding?.phase = .open
    actions.append(.openGeneration(held.job, held.generation))
    if let pause = held.pause {
      // What it reaches at least has to be told, too.
      actions.append(.pause(held.job, held.generation, until: nil))
      if let until = pause.until {
        actions.append(.pause(held.job, held.generation, until: until))
      }
    }
  }

  private mutating func open(_ opening: OpenGeneration) {
    guard isCurrent(opening.job, opening.generation),
      case .ready(let committed, let mine) = holding?.phase
    else { return }
    switch opening.start {
    case .state(let source, let position, let digest)
    where !(committed == position && mine == digest):
      holding?.phase = .fetching
      actions.append(
        .fetchState(opening.job, opening.generation, from: source, position, digest: digest))
    case .checkpoint(let checkpoint):
      holding?.phase = .fetching
      actions.append(.loadCheckpoint(opening.job, opening.generation, checkpoint))
    case .beginning where (committed ?? .beginning) != .beginning:
      holding?.phase = .fetching
      actions.append(.beginAgain(opening.job, opening.generation))
    case .state, .beginning: open()
    }
  }

  private mutating func end(_ stop: StopJob) {
    guard let held = holding, held.job == stop.job else {
      remember(stop.job, stop.generation)
      return
    }
    guard stop.generation >= held.generation else { return }
    remember(stop.job, stop.generation)
    drop(held, stop.cause, stop.reason)
    isSaving = stop.cause == .drained || stop.cause == .cancelled
    if let reason = leaving?.reason, !isSaving { exit(reason) }
  }

  private mutating func drop(_ held: Holding, _ cause: StopJob.Cause, _ reason: String) {
    if held.mayBeInStep { actions.append(.stopStep(held.job, held.generation)) }
    actions.append(.abandon(held.job, cause, reason: reason))
    holding = nil
    unanswered = nil
  }

  private mutating func remember(_ job: JobID, _ generation: Generation) {
    let before = stopped.first { $0.job == job }?.generation ?? .zero
    stopped.removeAll { $0.job == job }
    stopped.append((job, max(before, generation)))
    if stopped.count > 64 { stopped.removeFirst() }
  }

  private mutating func rest(saying message: WorkerMessage, _ now: Moment) {
    holding?.phase = .resting
    unanswered = (message, now + settings.repetition)
    if isMember { actions.append(.send(message)) }
  }

  private mutating func leave(_ reason: String, _ now: Moment) {
    guard leaving == nil else { return }
    leaving = (reason, now + settings.farewell)
    if isMember { actions.append(.send(.leave(Leave(reason: reason)))) }
    if !isSaving, holding == nil || !isMember {
      if let held = holding { drop(held, .left, reason) }
      exit(reason)
    }
  }

  private mutating func exit(_ reason: String) {
    isGone = true
    actions.append(.exit(reason: reason))
  }

  private mutating func keepTime(_ now: Moment) {
    if let leaving, now >= leaving.until {
      if let held = holding { drop(held, .left, leaving.reason) }
      exit(leaving.reason)
    }
    guard isConnected else { return }
    guard isMember else {
      if now >= nextHello { sayHello(now) }
      return
    }
    if now >= nextHeartbeat {
      nextHeartbeat = now + heartbeatInterval
      actions.append(
        .heartbeat(holding?.job, holding?.generation, phase: holding?.word ?? "idle"))
    }
    if let message = unanswered?.message, let next = unanswered?.next, now >= next {
      unanswered?.next = now + settings.repetition
      actions.append(.send(message))
    }
  }

  private mutating func sayHello(_ now: Moment) {
    var hello = introduction
    hello.previous = worker
    hello.standing = standing
    actions.append(.send(.hello(hello)))
    nextHello = now + retry
    retry = min(settings.retryMax, retry * 2)
  }

  private mutating func sayWarm() {
    guard let held = holding, isMember else { return }
    actions.append(.send(.warm(Warm(job: held.job, generation: held.generation))))
  }

  private mutating func sayReady() {
    guard let held = holding, case .ready(let committed, let digest) = held.phase, isMember else {
      return
    }
    actions.append(
      .send(
        .ready(
          Ready(
            job: held.job, generation: held.generation, committed: committed, digest: digest))))
  }
}
