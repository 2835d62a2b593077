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

  mutating func note(_ heartbeat: Heartbeat, of id: WorkerID) {
    workers[id]?.heartbeat = heartbeat
    guard let jobID = heartbeat.job, workers[id]?.job == jobID, var job = jobs[jobID] else {
      return
    }
    if heartbeat.peakBytesPerReplica > job.record.peakBytesPerReplica {
      job.record.peakBytesPerReplica = heartbeat.peakBytesPerReplica
      hasNews = true
    }
    if heartbeat.generation == job.record.generation, case .open = job.phase {
      job.record.position = max(job.record.position, heartbeat.position)
    }
    jobs[jobID] = job
  }

  mutating func expelSilent(_ now: Moment) {
    departed.removeAll { now - $0.at > settings.remembrance }
    for id in workers.keys.sorted() {
      guard let worker = workers[id] else { continue }
      // Three generations without a commit double the patience: perhaps we are the impatient ones.
      let doublings = min(5, (worker.job.flatMap { jobs[$0]?.stalls } ?? 0) / 3)
      let silence = now - worker.lastHeard
      guard silence > settings.patience * (1 << doublings) else { continue }
      lose(id, .workerLost, "silent for \(tenths(silence)) s", now)
    }
  }

  /// A worker asked to go. It keeps nothing, so its job goes on without it first.
  mutating func release(_ id: WorkerID, _ reason: String, _ now: Moment) {
    if let jobID = workers[id]?.job, let job = jobs[jobID] {
      stop(jobID, job.record.generation, .left, reason, at: id)
    }
    lose(id, .workerLeft, reason, now)
  }

  mutating func lose(
    _ id: WorkerID, _ kind: ClusterEvent.Kind, _ reason: String, _ now: Moment
  ) {
    guard let worker = workers[id] else { return }
    var status = self.status(of: worker, now)
    status.state = .dead
    status.reason = reason
    departed.append(Departed(status: status, at: now))
    // A bound, for a worker that dies in a loop.
    if departed.count > 64 { departed.removeFirst() }
    workers[id] = nil
    numbers[worker.incarnation] = nil
    announce(kind, job: worker.job, worker: id, "\(worker.hello.name): \(reason)")
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
