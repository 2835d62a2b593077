// Who is in the cluster.

import Messages

extension CoordinatorMachine {
  mutating func welcome(_ hello: Hello, _ sender: Incarnation, _ now: Moment) {
    if let known = numbers[sender] {
      // The same process again: its connection broke and messages may be lost, so say all again.
      workers[known]?.lastHeard = now
      workers[known]?.hello = hello
      greet(known)
      repeatGeneration(for: known)
      return
    }
    if let reason = objection(to: hello) {
      actions.append(.send(.refused(reason), to: sender))
      announce(.workerRefused, "\(hello.name) on \(hello.host): \(reason.reason)")
      return
    }
    let id = number(for: hello)
    workers[id] = Worker(
      id: id, incarnation: sender, hello: hello, lastHeard: now, idleSince: now)
    numbers[sender] = id
    departed.removeAll { $0.status.worker == id }
    greet(id)
    announce(.workerJoined, worker: id, "\(hello.name) on \(hello.host)")
    if let standing = hello.standing { takeUp(standing, of: id, now) }
    checkProbe(of: id, now)
    for job in jobs.keys.sorted() { explainRefusal(of: job, to: id) }
  }

  private func objection(to hello: Hello) -> Refused? {
    if workers.count >= settings.workersMax {
      return Refused(
        reason: "the cluster is full", field: "workers", ours: "\(settings.workersMax)",
        theirs: "\(workers.count + 1)")
    }
    let namesake = workers.values.first { $0.hello.name == hello.name }
    guard let namesake else { return nil }
    return Refused(
      reason: "a living worker already has this name; give this one another with --name",
      field: "name", ours: "\(namesake.hello.name) on \(namesake.hello.host)",
      theirs: "\(hello.name) on \(hello.host)")
  }

  private mutating func number(for hello: Hello) -> WorkerID {
    if let previous = hello.previous, workers[previous] == nil, previous.number <= workersIssued {
      return previous
    }
    workersIssued += 1
    actions.append(.persist(.workersIssued(workersIssued)))
    return WorkerID(workersIssued)
  }

  private mutating func greet(_ id: WorkerID) {
    send(
      .welcome(
        Welcome(
          worker: id, heartbeatSeconds: settings.heartbeatInterval.inSeconds,
          patienceSeconds: settings.patience.inSeconds)),
      to: id)
  }

  /// A worker that comes back in the middle of a job: of a generation that still stands after a
  /// restart of the coordinator, of an older one, or of a job that is over.
  private mutating func takeUp(_ standing: Standing, of id: WorkerID, _ now: Moment) {
    guard var job = jobs[standing.job], !job.isOver else {
      stop(standing.job, standing.generation, .cancelled, "the job is over", at: id)
      return
    }
    let isMember = job.record.members.contains {
      $0.worker == id && $0.incarnation == workers[id]?.incarnation
    }
    guard isRecovering, isMember, standing.isOpen, standing.generation == job.record.generation
    else { return }
    workers[id]?.job = standing.job
    workers[id]?.holdsState = true
    job.recovered.insert(id)
    if job.recovered.count == job.record.members.count {
      job.phase = .open(since: now)
      job.record.state = .running
      announce(
        .generationOpened, job: standing.job, generation: standing.generation,
        "found again after a restart of the coordinator")
    }
    jobs[standing.job] = job
    let isMissingSome = jobs.values.contains {
      if case .waiting = $0.phase { $0.record.generation != .zero } else { false }
    }
    if !isMissingSome {
      isRecovering = false
      recoversUntil = nil
    }
  }

  mutating func note(_ heartbeat: Heartbeat, of id: WorkerID, _ now: Moment) {
    workers[id]?.heartbeat = heartbeat
    watch(heartbeat, of: id, now)
    if let jobID = heartbeat.job, let generation = heartbeat.generation, workers[id]?.job != jobID,
      jobs[jobID]?.isOver ?? true
    {
      // It came back with a job that went on without it; nobody else will tell it of the end.
      stop(jobID, generation, .finished, "the job is over", at: id)
    }
    guard let jobID = heartbeat.job, workers[id]?.job == jobID, var job = jobs[jobID] else {
      return
    }
    // It cannot have used more than it has; a job that believed it would wait for ever.
    let limit = workers[id]?.hello.memoryLimit ?? 0
    let most = limit == 0 ? UInt64.max : limit
    if heartbeat.peakBytesPerReplica <= most, heartbeat.fixedBytes <= most {
      job.record.peakBytesPerReplica = max(
        job.record.peakBytesPerReplica, heartbeat.peakBytesPerReplica)
      job.record.fixedBytes = max(job.record.fixedBytes ?? 0, heartbeat.fixedBytes)
    }
    if heartbeat.generation == job.record.generation, case .open = job.phase {
      job.record.position = max(job.record.position, heartbeat.position)
      notePace(heartbeat, of: id, in: &job, now)
    }
    jobs[jobID] = job
  }

  mutating func expelSilent(_ now: Moment) {
    departed.removeAll { now - $0.at > settings.remembrance }
    // Nobody's patience is shorter, and nearly always nobody was silent that long.
    let silent = workers.values.filter { now - $0.lastHeard > settings.patience }
    for id in silent.map(\.id).sorted() {
      guard let worker = workers[id] else { continue }
      let silence = now - worker.lastHeard
      guard silence > settings.patience * doublings(of: worker.job.flatMap { jobs[$0] }) else {
        continue
      }
      lose(id, .workerLost, "silent for \(tenths(silence)) s", now)
    }
  }

  mutating func lose(
    _ id: WorkerID, _ kind: ClusterEvent.Kind, _ reason: String, _ now: Moment
  ) {
    guard let worker = workers[id] else { return }
    // A worker that has handed over goes as it was asked to, however its end is noticed.
    let farewell = worker.job == nil ? worker.leaving : nil
    let (kind, reason) = farewell.map { (.workerLeft, $0) } ?? (kind, reason)
    var status = self.status(of: worker, now)
    status.state = farewell == nil ? .dead : .drained
    status.reason = reason
    departed.append(Departed(status: status, at: now))
    // A bound, for a worker that dies in a loop.
    if departed.count > 64 { departed.removeFirst() }
    workers[id] = nil
    numbers[worker.incarnation] = nil
    announce(kind, job: worker.job, worker: id, "\(worker.hello.name): \(reason)")
    for job in jobs.keys where jobs[job]?.saver == id { jobs[job]?.saver = nil }
    if let job = worker.job, jobs[job]?.isOver == false {
      jobs[job]?.recovered.remove(id)
      jobs[job]?.broken = "\(id) is gone: \(reason)"
    }
  }
}

func tenths(_ duration: Duration) -> String {
  let tenths = Int((duration.inSeconds * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
