// What a worker's training thread does in an open generation: `TrainingLoop` and `WorkerReporter`.

import Collectives
import Coordination
import Messages

extension Schedule {
  func beginStep(_ worker: SimulatedWorker) {
    guard let training = worker.training, let state = training.state else { return rest(worker) }
    if isOver(worker) { return rest(worker) }
    let isDone = state.step == training.work.steps
    guard worker.training?.gate.enter(isDone ? state.step : state.step + 1) ?? false else {
      worker.activity = .held
      let limit = training.gate.limit ?? 0
      return tell(
        worker,
        .pausing(
          training.job, training.generation, Position(step: UInt64(limit)), isWaiting: true))
    }
    worker.training?.sums = []
    if isDone {
      return exchange(
        worker, .comparison, call(state, 0), payloads([], of: training, at: state))
    }
    worker.activity = .computing
    schedule(worker, in: chance.delay(12) * worker.slowness)
  }

  private func call(_ state: ModelState, _ number: Int) -> ExchangeCall {
    ExchangeCall(
      serial: UInt64(state.step) + 1, isBackground: false, number: UInt32(number), phase: 0)
  }

  private func payloads(
    _ values: [Contribution], of training: SimulatedWorker.Training, at state: ModelState
  ) -> [Int: Payload] {
    Dictionary(
      uniqueKeysWithValues: training.peers.map {
        ($0, Payload.partials(values, digest: state.digest))
      })
  }

  /// All hosted replicas have arrived at the step's next collective, in any order.
  func contribute(_ worker: SimulatedWorker) {
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
    exchange(
      worker, .sum, call(state, number),
      payloads(
        training.work.tree.aligned(in: training.hosted).compactMap { partials[$0] }, of: training,
        at: state))
  }

  /// All peers' parts of a sum or of the last comparison are here.
  func finishSum(
    _ awaited: SimulatedWorker.Awaited, _ worker: SimulatedWorker,
    _ training: SimulatedWorker.Training
  ) {
    var partials = training.partials
    var inOrder = training.work.tree.aligned(in: training.hosted).compactMap { partials[$0] }
    for (source, payload) in awaited.payloads {
      let member = training.prepare.members[source]
      let nodes = training.work.tree.aligned(in: member.replicas.range)
      guard case .partials(let values, let digest) = payload else {
        return complain("\(worker.title) got another payload than a sum")
      }
      guard digest == training.state?.digest else {
        met.insert("found another's state differs")
        rest(worker)
        return tell(
          worker,
          .failed(
            training.job, training.generation, .state, reason: "its state differs",
            peer: member.worker, training.state?.position))
      }
      if case .comparison = awaited.purpose { continue }
      guard values.count == nodes.count else {
        return complain(
          """
          \(worker.title) got from \(member.worker) partial sums that do not fit \
          \(training.job) \(training.generation)
          """)
      }
      for (node, value) in zip(nodes, values) { partials[node] = value }
      inOrder += values
    }
    if case .comparison = awaited.purpose {
      guard training.isLeader, let state = training.state else { return rest(worker) }
      return store(state, .end, worker)
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
    var state = before.after(training.sums)
    if worker.spoilsNextCommit {
      worker.spoilsNextCommit = false
      worker.isSpoiled = true
      state = state.spoiled(bit: chance.below(30))
      state.digest = state.recomputedDigest
    }
    worker.training?.state = state
    worker.training?.stepsSinceBuilt += 1
    worker.training?.committedAt = now
    checkCommit(of: state, by: worker, training)
    let work = training.work
    let report = report(of: state, training)
    worker.training?.reports.removeAll { $0.position >= report.position }
    worker.training?.reports.append(report)
    if let surplus = worker.training.map({ $0.reports.count - 32 }), surplus > 0 {
      worker.training?.reports.removeFirst(surplus)
    }
    if training.isLeader {
      self.report(
        .stepReports(
          StepReports(job: training.job, generation: training.generation, reports: [report])),
        from: worker)
      if state.step % work.checkpointEvery == 0, state.step < work.steps {
        return store(state, .step, worker)
      }
    }
    beginStep(worker)
  }

  private func report(
    of state: ModelState, _ training: SimulatedWorker.Training
  ) -> StepReport {
    var report = StepReport(
      position: state.position, step: UInt64(state.step), stepsTotal: UInt64(training.work.steps),
      loss: Double(state.value))
    report.digest = state.digestText
    report.samples = 1
    report.seconds =
      training.committedAt == 0 ? 0.05 : Double(now - training.committedAt) / 1000
    return report
  }

  func store(
    _ state: ModelState, _ purpose: SimulatedWorker.Upload.Purpose, _ worker: SimulatedWorker
  ) {
    worker.activity = .storing(.init(state: state, life: life, purpose: purpose))
    schedule(worker, in: chance.delay(30))
  }

  func finishStoring(_ upload: SimulatedWorker.Upload, _ worker: SimulatedWorker) {
    let isFarewell = upload.purpose == .farewell
    if !isFarewell, isOver(worker) { return rest(worker) }
    guard let training = worker.training else { return rest(worker) }
    guard isUp, upload.life == life, coordinatorPausedUntil <= now,
      blocked[worker.incarnation] ?? 0 <= now
    else {
      var again = upload
      again.life = life
      worker.activity = .storing(again)
      return schedule(worker, in: 250)
    }
    let isOld = training.generation < disk.jobs[training.job]?.generation ?? .zero
    if isFarewell {
      if !isOld { stored(upload.state, of: training.job) }
      drop(worker)
      rest(worker)
      return tell(worker, .saved(training.job))
    }
    guard !isOld else {
      rest(worker)
      return tell(
        worker,
        .failed(
          training.job, training.generation, .job, reason: "an older generation's checkpoint",
          peer: nil, nil))
    }
    stored(upload.state, of: training.job)
    guard upload.purpose == .end else { return beginStep(worker) }
    rest(worker)
    ledger.final[training.job] = upload.state
    tell(worker, .finished(training.job, training.generation, scores: [], artifacts: []))
  }

  private func stored(_ state: ModelState, of job: JobID) {
    keep(state, of: job, isTorn: false)
    later(
      chance.below(5),
      .checkpointStored(
        job,
        Checkpoint(
          name: "step-\(state.step)", position: state.position, sha256: state.digestText),
        life: life))
  }
}
