// Changes of members that can wait for the end of a commit, so that no step is lost:
//
//     Pause ─► Pausing p from each ─► Pause until max p to those below ─► Pausing, waiting, from all
//
// Then everybody has the same state and an ordinary generation follows. What happens in between,
// a death or the job's end, needs nothing special: it ends the generation, and the pause with it.

import Messages

extension CoordinatorMachine {
  /// Begins what an open generation has reason for: workers that leave it, or can join it.
  mutating func plan(_ id: JobID, openSince since: Moment, _ now: Moment) {
    guard let job = jobs[id], job.pause == nil else { return }
    let leaver = job.record.members.first { workers[$0.worker]?.leaving != nil }?.worker
    if let leaver, let reason = workers[leaver]?.leaving {
      return pause(id, for: "\(leaver) leaves: \(reason)")
    }
    guard now - since >= settings.settling, job.record.members.count < job.limit,
      workers.values.contains(where: { $0.job == nil })
    else { return }
    warmUpNewcomers(of: id, now)
    let newcomers = warm(for: id, now)
    if !newcomers.isEmpty { pause(id, for: "\(list(newcomers)) can join") }
  }

  /// Makes the members wait at one position, and then a new generation of whoever can serve.
  mutating func pause(_ id: JobID, for reason: String) {
    guard let job = jobs[id], case .open = job.phase, job.pause == nil else { return }
    jobs[id]?.pause = Job.Pause(reason: reason)
    for member in job.record.members { repeatPause(for: member.worker) }
  }

  /// Asks a member to pause, also again after a break that may have made it go on.
  mutating func repeatPause(for id: WorkerID) {
    guard let jobID = workers[id]?.job, let job = jobs[jobID], job.pause != nil else { return }
    jobs[jobID]?.pause?.waiting[id] = nil
    send(.pause(Pause(job: jobID, generation: job.record.generation)), to: id)
  }

  mutating func note(_ pausing: Pausing, of id: WorkerID, _ now: Moment) {
    guard isCurrent(pausing.job, pausing.generation, id), let job = jobs[pausing.job],
      case .open = job.phase, var pause = job.pause
    else { return }
    pause.reached[id] = max(pause.reached[id] ?? .beginning, pausing.position)
    if pausing.isWaiting { pause.waiting[id] = pausing.position }
    let members = job.record.members.map(\.worker)
    guard let last = pause.reached.values.max(), pause.reached.count == members.count else {
      jobs[pausing.job]?.pause = pause
      return
    }
    // A member in a commit that another has not begun waits for that one.
    let behind = (pause.until == last ? [id] : members).filter {
      ($0 == id ? pausing.position : pause.reached[$0] ?? last) < last
    }
    pause.until = last
    jobs[pausing.job]?.pause = pause
    for member in behind {
      send(
        .pause(Pause(job: pausing.job, generation: pausing.generation, until: last)), to: member)
    }
    guard members.allSatisfy({ pause.waiting[$0] == last }) else { return }
    jobs[pausing.job]?.record.position = max(job.record.position, last)
    change(pausing.job, pause.reason, at: last, now)
    pause = Job.Pause(reason: "")
  }

  /// All members wait at `position`: who leaves hands over, who is warm comes in.
  private mutating func change(
    _ id: JobID, _ reason: String, at position: Position, _ now: Moment
  ) {
    let members = jobs[id]?.record.members.map(\.worker) ?? []
    let leaving = members.filter { workers[$0]?.leaving != nil }
    if leaving.count == members.count {
      drain(id, leaving, at: position, now)
    } else {
      for worker in leaving { handOver(worker, now) }
      prepare(id, reason, now)
    }
  }

  /// Lets idle workers build the job before anybody waits for them.
  private mutating func warmUpNewcomers(of id: JobID, _ now: Moment) {
    guard let job = jobs[id] else { return }
    let warming = workers.values.filter { $0.warmUp?.job == id }
    for worker in warming.sorted(by: { $0.id < $1.id }) {
      guard let warmUp = worker.warmUp, warmUp.warmSince == nil,
        now - warmUp.since > settings.preparation
      else { continue }
      endWarmUp(worker.id, "not warm after \(tenths(settings.preparation)) s", now)
    }
    let newcomers = candidates(for: id).filter {
      $0.job == nil && $0.warmUp == nil && candidate($0, for: job).replicasMax > 0
    }
    for worker in newcomers.prefix(
      max(0, job.limit - job.record.members.count - warming.count))
    {
      workers[worker.id]?.warmUp = Worker.WarmUp(
        job: id, generation: job.record.generation, since: now)
      var message = message(for: job, "warming up to join")
      message.isWarmUp = true
      send(.prepare(message), to: worker.id)
    }
  }

  /// The workers that can join now; none while others are about to be warm, for a moment.
  private func warm(for id: JobID, _ now: Moment) -> [WorkerID] {
    let warmUps = workers.values.filter { $0.warmUp?.job == id }
    let oldest = warmUps.compactMap { $0.warmUp?.warmSince }.min()
    let isComplete = warmUps.allSatisfy { $0.warmUp?.warmSince != nil }
    guard let oldest, isComplete || now - oldest >= settings.patience else { return [] }
    return warmUps.filter { $0.warmUp?.warmSince != nil }.map(\.id).sorted()
  }

  mutating func note(_ warm: Warm, of id: WorkerID, _ now: Moment) {
    guard let worker = workers[id], worker.job == nil else { return }
    guard let warmUp = worker.warmUp, warmUp.job == warm.job, warmUp.generation == warm.generation
    else {
      stop(warm.job, warm.generation, .expelled, "nobody asked for it", at: id)
      return
    }
    if warmUp.warmSince == nil { workers[id]?.warmUp?.warmSince = now }
  }

  /// A worker that cannot even build a job that others run is no member of it; they go on.
  mutating func endWarmUp(_ id: WorkerID, _ reason: String, _ now: Moment) {
    guard let warmUp = workers[id]?.warmUp else { return }
    stop(warmUp.job, warmUp.generation, .expelled, reason, at: id)
    workers[id]?.warmUp = nil
    workers[id]?.unfit[warmUp.job] = reason
    workers[id]?.idleSince = now
    announce(.workerExpelled, job: warmUp.job, worker: id, reason)
  }
}
