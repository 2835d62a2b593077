// A worker's training thread: what `WorkerJob`, `TrainingLoop` and `ReplicaGroup` do, with the
// shipped plan, tree, roll and inbox rules, and a model of one number.

import Collectives
import Coordination
import Messages

extension Schedule {
  /// The thread does what it had planned for this moment.
  func goOn(_ worker: SimulatedWorker) {
    switch worker.activity {
    case .idle: nextCommand(worker)
    case .preparing(let prepare): finishPreparing(prepare, worker)
    case .loading(let job, let generation, let checkpoint):
      finishLoading(job, generation, checkpoint, worker)
    case .computing: contribute(worker)
    case .storing(let upload): finishStoring(upload, worker)
    case .awaiting: proceed(worker)
    }
  }

  private func nextCommand(_ worker: SimulatedWorker) {
    guard !worker.commands.isEmpty else { return }
    switch worker.commands.removeFirst() {
    case .prepare(let prepare): prepareGeneration(prepare, worker)
    case .fetch(let job, let generation, let digest):
      guard isLinked(worker, job, generation) else { return rest(worker) }
      callTheRoll(worker, isLacking: true)
      worker.wanted = digest
    case .load(let job, let generation, let checkpoint):
      worker.activity = .loading(job, generation, checkpoint)
      schedule(worker, in: chance.delay(30))
    case .open(let job, let generation):
      guard isLinked(worker, job, generation), let training = worker.training else {
        return rest(worker)
      }
      if training.state == nil { worker.training?.state = ModelState() }
      if training.wasFetched { beginStep(worker) } else { callTheRoll(worker, isLacking: false) }
    case .abandon(let job):
      if worker.training?.job == job { drop(worker) }
      rest(worker)
    }
  }

  /// Nothing more to do; the next command follows.
  private func rest(_ worker: SimulatedWorker) {
    worker.activity = .idle
    if !worker.commands.isEmpty { schedule(worker, in: 0) }
  }

  private func drop(_ worker: SimulatedWorker) {
    worker.training?.inbox?.held.end()
    worker.training = nil
  }

  private func isLinked(_ worker: SimulatedWorker, _ job: JobID, _ generation: Generation) -> Bool {
    guard let training = worker.training else { return false }
    return training.job == job && training.generation == generation && training.inbox != nil
      && !worker.hasEnded(job, generation)
  }

  private func isOver(_ worker: SimulatedWorker) -> Bool {
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
    if isNew {
      worker.training = SimulatedWorker.Training(
        job: prepare.job, work: work, prepare: prepare, index: index)
    }
    worker.training?.prepare = prepare
    worker.training?.index = index
    worker.training?.wasFetched = false
    worker.training?.inbox = inbox
    worker.activity = .preparing(prepare)
    schedule(worker, in: chance.delay(isNew ? 80 : 10))
  }

  private func finishPreparing(_ prepare: PrepareGeneration, _ worker: SimulatedWorker) {
    rest(worker)
    guard !worker.hasEnded(prepare.job, prepare.generation) else { return }
    let state = worker.training?.state
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
        .failed(job, generation, .job, reason: "no \(checkpoint.name)", peer: nil, nil))
      return
    }
    worker.training?.state = stored.state
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
  private func exchange(
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
    guard case .awaiting(var awaited) = worker.activity, let training = worker.training,
      let inbox = training.inbox
    else { return }
    if inbox.held.hasEnded { return rest(worker) }
    awaited.sources.removeAll { source in
      let sender = training.prepare.members[source].incarnation.number
      guard let payload = inbox.held.take(.init(call: awaited.call, sender: sender)) else {
        return false
      }
      awaited.payloads.append((source, payload))
      return true
    }
    worker.activity = .awaiting(awaited)
    guard awaited.sources.isEmpty else { return }
    switch awaited.purpose {
    case .roll(let isLacking): finishRoll(awaited, isLacking, worker, training)
    case .state(let digest): finishFetching(awaited, digest, worker, training)
    case .sum: finishSum(awaited, worker, training)
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
    guard case .state(let state)? = awaited.payloads.first?.payload, state.digestText == digest
    else {
      return tell(
        worker,
        .failed(
          training.job, training.generation, .link, reason: "not the announced state", peer: nil,
          nil))
    }
    worker.training?.state = state
    worker.training?.wasFetched = true
    tell(worker, .stateReady(training.job, training.generation))
  }

  private func beginStep(_ worker: SimulatedWorker) {
    guard let training = worker.training, let state = training.state else { return }
    if isOver(worker) { return rest(worker) }
    worker.training?.sums = []
    if state.step == training.work.steps {
      guard training.isLeader else { return rest(worker) }
      return store(state, isFinal: true, worker)
    }
    worker.activity = .computing
    schedule(worker, in: chance.delay(12))
  }

  /// All hosted replicas have arrived at the step's next collective, in any order.
  private func contribute(_ worker: SimulatedWorker) {
    if isOver(worker) { return rest(worker) }
    guard let training = worker.training, let state = training.state else { return }
    let number = training.sums.count
    let values = training.work.contributions[state.step][number]
    let accumulator = TreeAccumulator(
      tree: training.work.tree, hosted: training.hosted, merge: Contribution.merged)
    var arriving = Array(training.hosted)
    while !arriving.isEmpty {
      let replica = arriving.remove(at: chance.below(arriving.count))
      accumulator.post(values[replica], from: replica)
    }
    let partials = accumulator.take()
    worker.training?.partials = partials
    let payload = Payload.partials(
      training.work.tree.aligned(in: training.hosted).compactMap { partials[$0] })
    exchange(
      worker, .sum,
      ExchangeCall(
        serial: UInt64(state.step) + 1, isBackground: false, number: UInt32(number), phase: 0),
      Dictionary(uniqueKeysWithValues: training.peers.map { ($0, payload) }))
  }

  private func finishSum(
    _ awaited: SimulatedWorker.Awaited, _ worker: SimulatedWorker,
    _ training: SimulatedWorker.Training
  ) {
    var partials = training.partials
    var inOrder = training.work.tree.aligned(in: training.hosted).compactMap { partials[$0] }
    for (source, payload) in awaited.payloads {
      let member = training.prepare.members[source]
      let nodes = training.work.tree.aligned(in: member.replicas.range)
      guard case .partials(let values) = payload, values.count == nodes.count else {
        return complain(
          """
          \(worker.title) got from \(member.worker) partial sums that do not fit \
          \(training.job) \(training.generation)
          """)
      }
      for (node, value) in zip(nodes, values) { partials[node] = value }
      inOrder += values
    }
    let sum =
      defect == .mergedInArrivalOrder
      ? inOrder.dropFirst().reduce(inOrder[0], Contribution.merged)
      : training.work.tree.finish(partials, merge: Contribution.merged)
    worker.training?.sums.append(sum)
    guard training.sums.count + 1 == training.work.calls else {
      worker.activity = .computing
      return schedule(worker, in: chance.delay(6))
    }
    commit(worker)
  }

  /// All collectives of the step are complete: nothing can fail any more.
  private func commit(_ worker: SimulatedWorker) {
    guard let training = worker.training, let before = training.state else { return }
    let state = before.after(training.sums)
    worker.training?.state = state
    checkCommit(of: state, by: worker, training)
    let work = training.work
    if training.isLeader {
      let report = StepReport(
        position: state.position, step: UInt64(state.step), stepsTotal: UInt64(work.steps),
        loss: Double(state.value))
      self.report(
        .stepReports(
          StepReports(job: training.job, generation: training.generation, reports: [report])),
        from: worker)
      if state.step % work.checkpointEvery == 0, state.step < work.steps {
        return store(state, isFinal: false, worker)
      }
    }
    beginStep(worker)
  }

  private func store(_ state: ModelState, isFinal: Bool, _ worker: SimulatedWorker) {
    worker.activity = .storing(.init(state: state, life: life, isFinal: isFinal))
    schedule(worker, in: chance.delay(30))
  }

  private func finishStoring(_ upload: SimulatedWorker.Upload, _ worker: SimulatedWorker) {
    if isOver(worker) { return rest(worker) }
    guard let training = worker.training else { return rest(worker) }
    guard isUp, upload.life == life, coordinatorPausedUntil <= now,
      blocked[worker.incarnation] ?? 0 <= now
    else {
      var again = upload
      again.life = life
      worker.activity = .storing(again)
      return schedule(worker, in: 250)
    }
    guard training.generation >= disk.jobs[training.job]?.generation ?? .zero else {
      rest(worker)
      return tell(
        worker,
        .failed(
          training.job, training.generation, .job, reason: "an older generation's checkpoint",
          peer: nil, nil))
    }
    keep(upload.state, of: training.job, isTorn: false)
    later(
      chance.below(5),
      .checkpointStored(
        training.job,
        Checkpoint(
          name: "step-\(upload.state.step)", position: upload.state.position,
          sha256: upload.state.digestText), life: life))
    guard upload.isFinal else { return beginStep(worker) }
    rest(worker)
    ledger.final[training.job] = upload.state
    tell(worker, .finished(training.job, training.generation, scores: [], artifacts: []))
  }
}
