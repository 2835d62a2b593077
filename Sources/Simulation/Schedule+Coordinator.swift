// The coordinator's process around its machine: disk, ticks, starts and deaths.

import Coordination
import Messages

extension Schedule {
  static let coordinatorSettings: CoordinatorSettings = {
    var settings = CoordinatorSettings()
    settings.preparation = .seconds(20)
    settings.rebalancing = .seconds(1)
    return settings
  }()

  func startCoordinator() {
    guard !isUp || life == 0 else { return }
    life += 1
    isUp = true
    actionsLeft = nil
    coordinator = CoordinatorMachine(
      settings: Self.coordinatorSettings, records: life == 1 ? [] : disk.records)
    say("coordinator", "starts")
    if life > 1 { met.insert("coordinator restarted") }
    // What arrived after the last record of an earlier life; torn ones are passed over.
    for id in disk.jobs.keys.sorted() {
      guard let record = disk.jobs[id], !record.state.isOver else { continue }
      coordinator.recall(disk.diary[id] ?? [], of: id)
      let stored = disk.checkpoints[id] ?? []
      let newest = stored.filter({ !$0.isTorn }).max { $0.state.step < $1.state.step }
      if let newest {
        if stored.contains(where: { $0.isTorn && $0.state.step > newest.state.step }) {
          met.insert("passed over a torn checkpoint")
        }
      }
      guard newest?.reference != record.checkpoint else { continue }
      if let newest, newest.reference.position > record.checkpoint?.position ?? .beginning {
        feed(.checkpointStored(id, newest.reference))
      } else {
        met.insert("fell back")
        feed(.checkpointDamaged(id, before: newest?.reference, reason: "its files are damaged"))
      }
    }
    later(1, .coordinatorTick(life: life))
  }

  func tickCoordinator(_ life: Int) {
    guard isUp, life == self.life else { return }
    guard coordinatorPausedUntil <= now else {
      timetable.add(.coordinatorTick(life: life), at: coordinatorPausedUntil)
      return
    }
    feed(.tick)
    later(
      50 + (isHostile && chance.oneIn(50) ? chance.below(500) : 0), .coordinatorTick(life: life))
  }

  /// The process dies at once: what it had not written is gone, and all connections with it.
  func crashCoordinator() {
    guard isUp else { return }
    say("coordinator", "dies")
    isUp = false
    actionsLeft = nil
    // The diary is not waited for.
    for id in disk.diary.keys.sorted() where chance.oneIn(2) {
      let lines = disk.diary[id] ?? []
      disk.diary[id] = lines.dropLast(chance.below(4))
    }
    for worker in living {
      if case .storing(let upload) = worker.activity, let training = worker.training,
        chance.oneIn(2)
      {
        keep(upload.state, of: training.job, isTorn: true)
      }
      breakConnection(worker)
    }
    later(100 + chance.below(3_000), .coordinatorStart)
  }

  func submit(_ index: Int) {
    // Whoever submits tries again until there is an answer.
    guard !submitted.values.contains(index) else { return }
    later(2_000, .submission(index))
    guard isUp else { return }
    asked += 1
    questions[RequestID(asked)] = index
    let job = jobs[index]
    var request = JobRequest(
      name: "job \(index)", specification: "\(index)", replicas: job.replicas,
      workersMax: job.workersMax)
    request.rebalances = index == 1
    request.checkpointsKept = 3
    feed(.submit(request, RequestID(asked)))
  }

  func deliver(
    _ message: WorkerMessage, from sender: Incarnation, _ connection: Int, _ happening: Happening
  ) {
    guard isUp else { return }
    let until = max(coordinatorPausedUntil, blocked[sender] ?? 0)
    guard until <= now else {
      timetable.add(happening, at: until + 1)
      return
    }
    // What was under way on a broken connection is lost.
    guard let worker = workers[sender] else { return }
    guard worker.connection == connection else { return }
    say("coordinator", "hears \(worker.title): \(describe(message))")
    feed(.worker(sender, message))
  }

  func coordinatorNotices(_ incarnation: Incarnation, _ life: Int) {
    guard isUp, life == self.life else { return }
    guard coordinatorPausedUntil <= now else {
      timetable.add(
        .coordinatorNoticesBreak(incarnation, connection: life), at: coordinatorPausedUntil)
      return
    }
    feed(.disconnected(incarnation))
  }

  func feed(_ event: CoordinatorEvent) {
    var actions = coordinator.handle(event, at: moment)
    if defect == .announcedBeforeDurable {
      actions = actions.filter { !$0.isPersist } + actions.filter(\.isPersist)
    }
    check(actions, workers: workers.count)
    if case .worker(_, .pausing(let pausing)) = event { checkPlanned(actions, pausing) }
    for action in actions {
      if let left = actionsLeft {
        guard left > 0 else {
          met.insert("coordinator died while acting")
          return crashCoordinator()
        }
        actionsLeft = left - 1
      }
      carryOut(action)
    }
  }

  /// The one place that says what becomes of what the coordinator decides.
  private func carryOut(_ action: CoordinatorAction) {
    say("coordinator", describe(action) { self.workers[$0]?.title ?? "\($0)" })
    switch action {
    case .persist(.job(let record)): disk.jobs[record.job] = record
    case .persist(.workersIssued(let number)): disk.workersIssued = max(disk.workersIssued, number)
    case .send(let message, let receiver):
      check(message)
      send(message, to: receiver)
    case .answer(let question, .submitted(let answer)):
      if let index = questions.removeValue(forKey: question) { submitted[answer.job] = index }
    case .record(let job, let reports):
      for report in reports {
        disk.diary[job, default: []].append(
          CommitDigest(position: report.position, digest: report.digest))
      }
    case .answer: break
    case .announce(let event): note(event)
    case .jobEnded(let job, let state): checkEnd(of: job, state)
    }
  }

  private func note(_ event: ClusterEvent) {
    checkAnnounced(event)
    let branches = [
      ("found again", "adopted"), ("silent for", "silent"), ("can join", "joined later"),
      ("already has this name", "name refused"), ("not ready after", "not ready"),
      ("move off slow workers", "moved replicas"), ("stuck ", "stuck"),
      ("exchange through the coordinator", "cut link"), ("stores the state at", "last one left"),
    ]
    for (text, branch) in branches where event.text.contains(text) { met.insert(branch) }
  }

  /// Puts a checkpoint into the store; a torn one never replaces a whole one.
  func keep(_ state: ModelState, of job: JobID, isTorn: Bool) {
    let reference = Checkpoint(
      name: "step-\(state.step)", position: state.position, sha256: state.digestText)
    var stored = disk.checkpoints[job] ?? []
    if isTorn, stored.contains(where: { $0.reference == reference && !$0.isTorn }) { return }
    stored.removeAll { $0.reference.name == reference.name }
    stored.append(.init(reference: reference, state: state, isTorn: isTorn))
    stored.sort { $0.state.step < $1.state.step }
    // The shelf keeps the newest whole ones; what is on record is among them.
    let whole = stored.filter { !$0.isTorn }
    if !isTorn, whole.count > 3, let oldest = whole.first, oldest.reference != reference {
      stored.removeAll { $0.reference == oldest.reference }
    }
    disk.checkpoints[job] = stored
    say("coordinator", isTorn ? "keeps half of \(reference.name)" : "keeps \(reference.name)")
  }
}

extension CoordinatorAction {
  var isPersist: Bool { if case .persist = self { true } else { false } }
}
