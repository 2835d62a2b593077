// What was promised. Each check says in one sentence what it found.

import Collectives
import Coordination
import Messages

/// What the checks remember of a schedule.
struct Ledger {
  /// The members of every generation that was announced, and the newest of each job.
  var members: [JobID: [Generation: [Member]]] = [:]
  var newest: [JobID: Generation] = [:]
  /// Digests by step, of the first commit of it.
  var commits: [JobID: [Int: UInt64]] = [:]
  var samples: [JobID: [SampleOfEpoch: Int]] = [:]
  var final: [JobID: ModelState] = [:]
  var over: Set<JobID> = []
}

extension Schedule {
  /// Payloads in one inbox: of each peer the roll, the state, and three steps' collectives.
  private static let payloadsMax = (workersMax - 1) * (2 + 3 * 3)

  /// A generation is durable before anybody hears of it, its number is new, and its ranges
  /// partition the replicas.
  func check(_ message: CoordinatorMessage) {
    guard case .prepare(let prepare) = message else { return }
    let name = "\(prepare.job) \(prepare.generation)"
    if prepare.isWarmUp {
      if ledger.newest[prepare.job].map({ $0 < prepare.generation }) ?? true {
        complain("\(name) was warmed up for before it was announced")
      }
      return
    }
    let record = disk.jobs[prepare.job]
    if record?.generation != prepare.generation || record?.members != prepare.members {
      complain("\(name) was announced before it was durable")
    }
    var next = 0
    for member in prepare.members {
      if member.replicas.first != next {
        complain(
          "\(name): \(member.worker) begins at replica \(member.replicas.first), not \(next)")
      }
      next = member.replicas.range.upperBound
    }
    if next != prepare.replicas {
      complain("\(name) hosts \(next) of \(prepare.replicas) replicas")
    }
    if let known = ledger.members[prepare.job]?[prepare.generation], known != prepare.members {
      complain("\(name) was given to two memberships")
    }
    if let newest = ledger.newest[prepare.job], newest > prepare.generation {
      complain("\(name) was announced after \(newest)")
    }
    ledger.members[prepare.job, default: [:]][prepare.generation] = prepare.members
    ledger.newest[prepare.job] = prepare.generation
  }

  /// A machine answers one event with a bounded number of actions and keeps a bounded state.
  func check(_ actions: [CoordinatorAction], workers: Int) {
    let bound = 16 + 4 * (disk.jobs.count + 1) * (workers + Self.workersMax)
    if actions.count > bound {
      complain("the coordinator answered one event with \(actions.count) actions")
    }
    if timetable.count > 50_000 {
      complain("\(timetable.count) messages and timers are under way")
    }
    guard now % 1000 < 50 else { return }
    let status = coordinator.status(at: moment)
    if status.workers.count > 64 + 3 * Self.workersMax {
      complain("the coordinator remembers \(status.workers.count) workers")
    }
    if status.jobs.count != disk.jobs.count + actions.filter(\.isNewJob).count {
      complain("the coordinator knows \(status.jobs.count) of \(disk.jobs.count) jobs")
    }
  }

  func check(_ actions: [WorkerAction], of worker: SimulatedWorker) {
    if actions.count > 8 {
      complain("\(worker.title) answered one event with \(actions.count) actions")
    }
    if worker.commands.count > 64 {
      complain("\(worker.title) has \(worker.commands.count) commands waiting")
    }
  }

  func check(_ inbox: SimulatedWorker.Arrival, of worker: SimulatedWorker) {
    if inbox.held.count > Self.payloadsMax {
      complain("an inbox of \(worker.title) holds \(inbox.held.count) payloads")
    }
    if worker.inboxes.count > GenerationInboxes<SimulatedWorker.Arrival>.earlyMax + 1 {
      complain("\(worker.title) has \(worker.inboxes.count) inboxes")
    }
  }

  /// A commit has every sample of its step once, the state of a one-worker run to the bit, and no
  /// member of the generation is more than one step away.
  func checkCommit(
    of state: ModelState, by worker: SimulatedWorker, _ training: SimulatedWorker.Training
  ) {
    let (job, work) = (training.job, training.work)
    let name = "\(worker.title) committed step \(state.step) of \(job) in \(training.generation)"
    say(worker.title, "commits step \(state.step) of \(job), digest \(state.digestText)")
    // A spoiled state is for the shipped checks to find; that they do is seen in the end.
    if worker.isSpoiled { return }
    let slots = work.slots(seed: seed, step: state.step - 1)
    for sum in training.sums
    where sum.samples != work.samples[state.step - 1] || sum.count != slots.count {
      complain("\(name) with other samples than the plan's, \(sum.count) of \(slots.count)")
    }
    let expected = work.reference[state.step]
    if state != expected {
      complain(
        """
        \(name) with value \(state.value), digest \(state.digestText); one worker reaches \
        \(expected.value), digest \(expected.digestText)
        """)
    }
    for other in living {
      guard let theirs = other.training, theirs.job == job, theirs.inbox != nil,
        theirs.generation == training.generation, !other.hasEnded(job, theirs.generation)
      else { continue }
      let step = theirs.state?.step ?? 0
      if abs(step - state.step) > 1 { complain("\(name) while \(other.title) is at step \(step)") }
    }
    if let known = ledger.commits[job]?[state.step] {
      if known != state.digest { complain("\(name) with another digest than before") }
      return
    }
    if state.step > 1, ledger.commits[job]?[state.step - 1] == nil {
      complain("\(name), and nobody had committed the step before")
    }
    ledger.commits[job, default: [:]][state.step] = state.digest
    for slot in slots { ledger.samples[job, default: [:]][slot, default: 0] += 1 }
  }

  /// A planned change waits for the end of a commit, so nobody is in a step that it would drop but
  /// those who lost the coordinator and went on without it.
  func checkPlanned(_ actions: [CoordinatorAction], _ pausing: Pausing) {
    let isChange = actions.contains { action in
      guard case .persist(.job(let record)) = action else { return false }
      return record.job == pausing.job && record.generation > pausing.generation
    }
    guard isChange else { return }
    met.insert("planned change")
    for worker in living {
      guard let training = worker.training, training.job == pausing.job,
        training.generation == pausing.generation, !isOver(worker), !worker.isStuck,
        worker.machine.isMember, let state = training.state
      else { continue }
      if training.gate.entered > state.step {
        complain(
          "a planned change of \(pausing.job) came while \(worker.title) was in step "
            + "\(training.gate.entered)")
      }
    }
  }

  /// Only a worker whose memory changed is put out for it, and nothing that ran again differs.
  func checkAnnounced(_ event: ClusterEvent) {
    switch event.kind {
    case .workerQuarantined:
      met.insert("quarantined")
      guard let flipped, coordinator.worker(of: flipped) == event.worker else {
        return complain("\(event.worker.map { "\($0)" } ?? "somebody") was quarantined for nothing")
      }
      isFlipFound = true
    case .digestDiffers where flipped == nil:
      complain("\(event.job.map { "\($0)" } ?? "a job"): \(event.text)")
    default: break
    }
  }

  /// A finished job has the one-worker value and trained on every sample of every epoch once.
  func checkEnd(of job: JobID, _ state: JobStatus.State) {
    ledger.over.insert(job)
    guard let record = disk.jobs[job],
      let work = Int(record.request.specification).map({ jobs[$0] })
    else { return complain("\(job) ended and is not on record") }
    switch state {
    case .finished: break
    case .cancelled where cancelled.contains(job): return
    default: return complain("\(job) ended as \(state.rawValue): \(record.reason)")
    }
    if ledger.final[job] != work.reference.last {
      complain("\(job) finished with another value than that of one worker")
    }
    let trained = ledger.samples[job] ?? [:]
    for epoch in 0..<work.epochs {
      for sample in 0..<work.plan.count {
        let times = trained[SampleOfEpoch(epoch: epoch, sample: sample)] ?? 0
        if times != 1 {
          complain("\(job) trained on sample \(sample) of epoch \(epoch) \(times) times")
        }
      }
    }
  }
}

extension CoordinatorAction {
  fileprivate var isNewJob: Bool {
    if case .answer(_, .submitted) = self { true } else { false }
  }
}
