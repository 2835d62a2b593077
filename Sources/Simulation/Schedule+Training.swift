// A worker's training thread: what `WorkerJob`, `TrainingLoop` and `ReplicaGroup` do, with the
// shipped plan, tree, roll and inbox rules, and a model of one number.

import Collectives
import Coordination
import Messages

extension Schedule {
  /// The thread does what it had planned for this moment.
  func goOn(_ worker: SimulatedWorker) {
    worker.progress += 1
    switch worker.activity {
    case .idle: nextCommand(worker)
    case .warmingUp(let prepare): finishWarmingUp(prepare, worker)
    case .preparing(let prepare): finishPreparing(prepare, worker)
    case .loading(let job, let generation, let checkpoint):
      finishLoading(job, generation, checkpoint, worker)
    case .computing: contribute(worker)
    case .held: beginStep(worker)
    case .storing(let upload): finishStoring(upload, worker)
    case .awaiting: proceed(worker)
    }
  }

  private func nextCommand(_ worker: SimulatedWorker) {
    guard !worker.commands.isEmpty else { return }
    switch worker.commands.removeFirst() {
    case .warmUp(let prepare):
      worker.activity = .warmingUp(prepare)
      schedule(worker, in: chance.delay(80))
    case .prepare(let prepare): prepareGeneration(prepare, worker)
    case .fetch(let job, let generation, let digest):
      guard isLinked(worker, job, generation) else { return rest(worker) }
      callTheRoll(worker, isLacking: true)
      worker.wanted = digest
    case .load(let job, let generation, let checkpoint):
      worker.activity = .loading(job, generation, checkpoint)
      schedule(worker, in: chance.delay(30))
    case .beginAgain(let job, let generation):
      rest(worker)
      guard let training = worker.training, training.job == job else { return }
      take(ModelState(), worker)
      tell(worker, .stateReady(job, generation))
    case .open(let job, let generation):
      guard isLinked(worker, job, generation), let training = worker.training else {
        return rest(worker)
      }
      if training.state == nil { worker.training?.state = ModelState() }
      worker.training?.opened = generation
      if training.wasFetched { beginStep(worker) } else { callTheRoll(worker, isLacking: false) }
    case .abandon(let job, let saving): abandon(job, saving, worker)
    }
  }

  private func abandon(
    _ job: JobID, _ saving: SimulatedWorker.Saving, _ worker: SimulatedWorker
  ) {
    if let training = worker.training, training.job == job {
      if saving == .thisOne || saving == .leader && training.isLeader,
        let state = training.state, state.step > 0
      {
        met.insert("stored a last state")
        return store(state, .farewell, worker)
      }
      drop(worker)
    }
    rest(worker)
    tell(worker, .saved(job))
  }

  /// Puts another state in place of the one a worker had, if any.
  private func take(_ state: ModelState, _ worker: SimulatedWorker) {
    worker.training?.state = state
    worker.training?.reports.removeAll { $0.position > state.position }
    worker.isSpoiled = state != worker.training?.work.reference[state.step]
  }

  /// Nothing more to do; the next command follows.
  func rest(_ worker: SimulatedWorker) {
    worker.activity = .idle
    if !worker.commands.isEmpty { schedule(worker, in: 0) }
  }

  func drop(_ worker: SimulatedWorker) {
    worker.training?.inbox?.held.end()
    worker.training = nil
    worker.isSpoiled = false
    // What was to turn over goes with the state it was in.
    if worker.spoilsNextCommit { (worker.spoilsNextCommit, isFlipFound) = (false, true) }
  }

  private func isLinked(_ worker: SimulatedWorker, _ job: JobID, _ generation: Generation) -> Bool {
    guard let training = worker.training else { return false }
    return training.job == job && training.generation == generation && training.inbox != nil
      && !worker.hasEnded(job, generation)
  }

  func isOver(_ worker: SimulatedWorker) -> Bool {
    guard let training = worker.training else { return true }
    return worker.hasEnded(training.job, training.generation)
  }

  private func prepareGeneration(_ prepare: PrepareGeneration, _ worker: SimulatedWorker) {
    worker.training?.inbox?.held.end()
    guard let index = prepare.members.firstIndex(where: { $0.incarnation == worker.incarnation }),
      let work = Int(prepare.specification).map({ jobs[$0] })
    else {
      complain("\(worker.title) was prepared for \(prepare.generation), of which it is no member")
      return
    }
    let (inbox, over) = worker.inboxes.open(
      job: prepare.job.number, generation: prepare.generation.number
    ) { SimulatedWorker.Arrival() }
    for inbox in over { inbox.held.end() }
    inbox.held.open()
    let isNew = worker.training?.job != prepare.job
    if isNew { build(prepare, work, worker) }
    worker.training?.prepare = prepare
    worker.training?.index = index
    worker.training?.hosted = prepare.members[index].replicas.range
    worker.training?.wasFetched = false
    worker.training?.gate = SimulatedWorker.Gate()
    worker.training?.sums = []
    worker.training?.inbox = inbox
    worker.activity = .preparing(prepare)
    schedule(worker, in: chance.delay(isNew ? 80 : 10))
  }

  private func build(_ prepare: PrepareGeneration, _ work: SimulatedJob, _ worker: SimulatedWorker)
  {
    drop(worker)
    worker.training = SimulatedWorker.Training(job: prepare.job, work: work, prepare: prepare)
  }

  private func finishWarmingUp(_ prepare: PrepareGeneration, _ worker: SimulatedWorker) {
    rest(worker)
    if isHostile, chance.oneIn(12) {
      met.insert("could not warm up")
      return tell(
        worker,
        .failed(
          prepare.job, prepare.generation, .worker, reason: "its data are not here", peer: nil, nil)
      )
    }
    guard let work = Int(prepare.specification).map({ jobs[$0] }) else { return }
    if worker.training?.job != prepare.job { build(prepare, work, worker) }
    met.insert("warmed up")
    tell(worker, .warm(prepare.job, prepare.generation))
  }

  private func finishPreparing(_ prepare: PrepareGeneration, _ worker: SimulatedWorker) {
    guard !worker.hasEnded(prepare.job, prepare.generation) else { return rest(worker) }
    // The greeting to oneself through the relay.
    let mine = prepare.members.first { $0.incarnation == worker.incarnation }?.worker
    if let mine, prepare.relayed.contains(where: { $0.other(than: mine) != nil }),
      !isUp || worker.connection == nil || blocked[worker.incarnation] ?? 0 > now
    {
      return schedule(worker, in: 100)
    }
    rest(worker)
    if let training = worker.training, !training.reports.isEmpty {
      report(
        .stepReports(
          StepReports(
            job: prepare.job, generation: training.opened, reports: training.reports)),
        from: worker)
    }
    let state = worker.training?.state
    if let state, state.recomputedDigest != state.digest {
      met.insert("found its memory changed")
      return tell(
        worker,
        .failed(
          prepare.job, prepare.generation, .state, reason: "its memory has changed", peer: nil,
          state.position))
    }
    tell(
      worker,
      .prepared(
        prepare.job, prepare.generation, committed: state?.position,
        digest: state?.digestText ?? ""))
  }

  private func finishLoading(
    _ job: JobID, _ generation: Generation, _ checkpoint: Checkpoint, _ worker: SimulatedWorker
  ) {
    if worker.hasEnded(job, generation) { return rest(worker) }
    guard isUp, blocked[worker.incarnation] ?? 0 <= now else {
      return schedule(worker, in: 250)
    }
    rest(worker)
    guard
      let stored = disk.checkpoints[job]?.first(where: { $0.reference == checkpoint && !$0.isTorn })
    else {
      tell(
        worker,
        .failed(job, generation, .checkpoint, reason: "no \(checkpoint.name)", peer: nil, nil))
      return
    }
    take(stored.state, worker)
    tell(worker, .stateReady(job, generation))
  }

  private func callTheRoll(_ worker: SimulatedWorker, isLacking: Bool) {
    guard let training = worker.training else { return }
    exchange(
      worker, .roll(isLacking: isLacking), StateRoll.call,
      Dictionary(
        uniqueKeysWithValues: training.peers.map { ($0, Payload.roll(isLacking: isLacking)) }))
  }

  /// Sends each peer its payload and awaits theirs: `ExchangeLink.swap`.
  func exchange(
    _ worker: SimulatedWorker, _ purpose: SimulatedWorker.Awaited.Purpose, _ call: ExchangeCall,
    _ outgoing: [Int: Payload]
  ) {
    guard let training = worker.training else { return }
    training.inbox?.held.drop(before: call.serial)
    for peer in outgoing.keys.sorted() {
      if let payload = outgoing[peer] { send(payload, call, to: peer, from: worker, training) }
    }
    worker.activity = .awaiting(.init(purpose: purpose, call: call, sources: training.peers))
    proceed(worker)
  }

  /// Takes what has come; goes on once all of it has.
  func proceed(_ worker: SimulatedWorker) {
    guard !worker.isStuck, case .awaiting(var awaited) = worker.activity,
      let training = worker.training,
      let inbox = training.inbox
    else { return }
    if inbox.held.hasEnded { return rest(worker) }
    awaited.sources.removeAll { source in
      let sender = training.prepare.members[source].incarnation.number
      guard let payload = inbox.held.take(.init(call: awaited.call, sender: sender)) else {
        return false
      }
      awaited.payloads.append((source, payload))
      worker.progress += 1
      return true
    }
    worker.activity = .awaiting(awaited)
    guard awaited.sources.isEmpty else { return }
    switch awaited.purpose {
    case .roll(let isLacking): finishRoll(awaited, isLacking, worker, training)
    case .state(let digest): finishFetching(awaited, digest, worker, training)
    case .sum, .comparison: finishSum(awaited, worker, training)
    }
  }

  private func finishRoll(
    _ awaited: SimulatedWorker.Awaited, _ isLacking: Bool, _ worker: SimulatedWorker,
    _ training: SimulatedWorker.Training
  ) {
    var answers: [Int: Bool] = [:]
    for (source, payload) in awaited.payloads {
      guard case .roll(let isLacking) = payload else {
        return complain("\(worker.title) got another payload as an answer to the roll")
      }
      answers[source] = isLacking
    }
    let roll = StateRoll(index: training.index, isLacking: isLacking, answers: answers)
    guard isLacking else {
      for peer in roll.receivers {
        if let state = training.state {
          send(.state(state), Self.transfer, to: peer, from: worker, training)
        }
      }
      return beginStep(worker)
    }
    guard let source = roll.source else {
      rest(worker)
      return tell(
        worker,
        .failed(
          training.job, training.generation, .link, reason: "no member has the state", peer: nil,
          nil))
    }
    worker.activity = .awaiting(
      .init(purpose: .state(digest: worker.wanted), call: Self.transfer, sources: [source]))
    proceed(worker)
  }

  /// Transfers stand beside all steps: no step's clean-up drops them.
  private static let transfer = ExchangeCall(
    serial: .max, isBackground: true, number: 0, phase: .max)

  private func finishFetching(
    _ awaited: SimulatedWorker.Awaited, _ digest: String, _ worker: SimulatedWorker,
    _ training: SimulatedWorker.Training
  ) {
    rest(worker)
    guard case .state(let state)? = awaited.payloads.first?.payload, state.digestText == digest,
      state.recomputedDigest == state.digest
    else {
      return tell(
        worker,
        .failed(
          training.job, training.generation, .link, reason: "not the announced state", peer: nil,
          nil))
    }
    take(state, worker)
    worker.training?.wasFetched = true
    tell(worker, .stateReady(training.job, training.generation))
  }
}
