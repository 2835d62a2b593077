// The queue: what is asked of the cluster, and how a job ends.

import Messages

extension CoordinatorMachine {
  mutating func submit(_ request: JobRequest, _ question: RequestID, _ now: Moment) {
    guard request.replicas > 0, request.workersMax ?? 1 > 0 else {
      let field = request.replicas > 0 ? "workers" : "replicas"
      actions.append(
        .answer(
          question,
          .failure(Failure(reason: "must be 1 or more", field: field))))
      return
    }
    guard jobs.count - ended.count < settings.jobsMax else {
      let reason = "\(settings.jobsMax) jobs are waiting or running, as many as can be"
      actions.append(
        .answer(question, .failure(Failure(reason: reason, advice: "wait, or cancel some"))))
      return
    }
    jobsIssued += 1
    let id = JobID(jobsIssued)
    let job = Job(JobRecord(job: id, request: request, state: .queued))
    jobs[id] = job
    actions.append(.persist(.job(job.record)))
    actions.append(
      .answer(question, .submitted(Submitted(job: id, output: job.record.output))))
    announce(.jobSubmitted, job: id, request.name)
  }

  mutating func cancel(_ id: JobID, _ reason: String, _ question: RequestID, _ now: Moment) {
    guard let job = jobs[id] else {
      actions.append(.answer(question, .failure(.noSuchJob(id))))
      return
    }
    guard !job.isOver else {
      actions.append(.answer(question, .failure(.alreadyOver(id, job.record.state))))
      return
    }
    end(id, .cancelled, .cancelled, reason, now)
    actions.append(.answer(question, .cancelled(id)))
  }

  mutating func store(_ checkpoint: Checkpoint, of id: JobID) {
    guard var job = jobs[id] else { return }
    if checkpoint.position >= job.record.position {
      job.saver = nil
      jobs[id] = job
    }
    if let known = job.record.checkpoint, known.position > checkpoint.position { return }
    // A rerun may store the same one again.
    if let known = job.record.checkpoint, known.position < checkpoint.position {
      job.record.earlierCheckpoint = job.record.request.checkpointsKept ?? 1 > 1 ? known : nil
    }
    job.record.checkpoint = checkpoint
    job.memory.forget(before: job.record.earlierCheckpoint?.position ?? .beginning)
    jobs[id] = job
    actions.append(.persist(.job(job.record)))
    announce(.checkpointStored, job: id, "\(checkpoint.name) at \(checkpoint.position)")
  }

  mutating func fallBack(_ id: JobID, to before: Checkpoint?, _ reason: String, _ now: Moment) {
    guard var job = jobs[id], !job.isOver else { return }
    let suspicion = job.suspicion.flatMap { $0.generation == job.record.generation ? $0 : nil }
    job.suspicion = nil
    guard before != job.record.checkpoint else {
      jobs[id] = job
      // The files are whole: it is that worker that cannot read them.
      if let suspicion { blame(suspicion.worker, for: id, suspicion.reason, now) }
      return
    }
    if let suspicion {
      job.broken = "\(suspicion.worker) cannot load the checkpoint on record: \(suspicion.reason)"
    }
    if before == nil, let asked = job.record.request.checkpoint {
      // Somebody wants it to go on from there, and not to begin without being told.
      jobs[id] = job
      end(id, .failed, .failed, "checkpoint \(asked.name) to go on from: \(reason)", now)
      return
    }
    job.record.checkpoint = before
    job.record.earlierCheckpoint = nil
    jobs[id] = job
    actions.append(.persist(.job(job.record)))
    let place = before.map { "\($0.name) at \($0.position)" } ?? "the beginning"
    announce(.checkpointDamaged, job: id, "falls back to \(place): \(reason)")
  }

  mutating func note(_ reports: StepReports, of id: WorkerID, _ now: Moment) {
    // What others claim, or what no job reaches, would silence the honest reports after it.
    guard let incarnation = workers[id]?.incarnation, let known = jobs[reports.job],
      known.lastOpened.contains(incarnation),
      reports.reports.allSatisfy({ $0.isPossible(stepsTotal: known.record.stepsTotal) })
    else { return }
    let (reports, repeated) = checkDigests(of: reports, from: id, now)
    guard var job = jobs[reports.job], !job.isOver else { return }
    var fresh = repeated
    for report in reports.reports where report.position > job.record.reported {
      fresh.append(report)
      job.record.reported = report.position
      job.record.step = report.step
      job.record.stepsTotal = report.stepsTotal
      job.record.position = max(job.record.position, report.position)
      job.record.loss = report.loss
      job.record.scalars = report.scalars
      // A pass says nothing of the training set.
      guard report.samples > 0 else { continue }
      job.record.samples &+= report.samples
      job.record.skippedSamples = report.skippedSamples
      guard report.seconds > 0 else { continue }
      // Slow enough to calm the estimate, quick enough to notice a new worker.
      job.recentSeconds = job.recentSeconds.suffix(Job.recentMax - 1) + [report.seconds]
      let before = job.secondsPerStep ?? report.seconds
      let seconds = before + 0.1 * (report.seconds - before)
      job.secondsPerStep = seconds
      job.samplesPerSecond = Double(report.samples) / seconds
    }
    guard !fresh.isEmpty else { return }
    jobs[reports.job] = job
    actions.append(.record(reports.job, fresh))
  }

  mutating func note(_ finished: JobFinished, of id: WorkerID, _ now: Moment) {
    guard var job = jobs[finished.job], !job.isOver else {
      stop(finished.job, finished.generation, .finished, "the job is over", at: id)
      return
    }
    guard isCurrent(finished.job, finished.generation, id), case .open = job.phase else { return }
    job.record.scores = finished.scores
    job.record.artifacts = finished.artifacts
    jobs[finished.job] = job
    end(finished.job, .finished, .finished, "", now)
  }

  mutating func note(_ failure: WorkerFailed, of id: WorkerID, _ now: Moment) {
    guard let job = jobs[failure.job], !job.isOver else {
      stop(failure.job, failure.generation, .cancelled, "the job is over", at: id)
      return
    }
    if workers[id]?.warmUp?.job == failure.job { return endWarmUp(id, failure.reason, now) }
    // A failure of an older membership has been answered by the newer one.
    guard isCurrent(failure.job, failure.generation, id) else {
      if workers[id]?.job == nil {
        stop(failure.job, failure.generation, .expelled, "not a member any more", at: id)
      }
      return
    }
    switch failure.blame {
    case .job:
      end(failure.job, .failed, .failed, "\(id): \(failure.reason)", now)
    case .worker: blame(id, for: failure.job, failure.reason, now)
    case .checkpoint:
      jobs[failure.job]?.suspicion = Job.Suspicion(
        worker: id, generation: failure.generation, reason: failure.reason)
      actions.append(.inspectCheckpoints(failure.job))
    case .link:
      if let peer = failure.peer, peer != id,
        job.record.members.contains(where: { $0.worker == peer })
      {
        breakLink(RelayedPair(id, peer), of: failure.job, failure.reason, now)
      } else {
        jobs[failure.job]?.broken = "the links of \(id) failed: \(failure.reason)"
      }
    case .state:
      guard let peer = failure.peer else {
        quarantine(id, failure.reason, now)
        return
      }
      dispute(failure.job, "\(id) and \(peer) have different states: \(failure.reason)", now)
    }
  }

  /// A worker cannot run a job that others may be able to.
  private mutating func blame(_ id: WorkerID, for job: JobID, _ reason: String, _ now: Moment) {
    exclude(id, from: job, reason, now)
    let others = workers.keys.filter { objection(of: job, to: $0) == nil }
    // Everybody who is here has tried: better an answer now than a job that waits for ever.
    if others.isEmpty { end(job, .failed, .failed, "\(id): \(reason)", now) }
  }

  /// Puts a worker out of a job for good; it may serve others.
  mutating func exclude(_ id: WorkerID, from jobID: JobID, _ reason: String, _ now: Moment) {
    guard workers[id] != nil, let job = jobs[jobID] else { return }
    stop(jobID, job.record.generation, .expelled, reason, at: id)
    workers[id]?.unfit[jobID] = reason
    workers[id]?.job = nil
    workers[id]?.idleSince = now
    jobs[jobID]?.broken = "\(id) cannot go on: \(reason)"
    announce(.workerExpelled, job: jobID, worker: id, reason)
  }

  mutating func end(
    _ id: JobID, _ state: JobStatus.State, _ cause: StopJob.Cause, _ reason: String, _ now: Moment
  ) {
    guard var job = jobs[id] else { return }
    job.record.state = state
    job.record.reason = reason
    job.phase = .over
    job.broken = nil
    job.pause = nil
    jobs[id] = job
    actions.append(.persist(.job(job.record)))
    for worker in workers.keys.sorted() where workers[worker]?.warmUp?.job == id {
      stop(id, job.record.generation, cause, reason, at: worker)
      workers[worker]?.warmUp = nil
    }
    for worker in workers.keys { workers[worker]?.unfit[id] = nil }
    for worker in workers.keys.sorted() where workers[worker]?.job == id {
      stop(id, job.record.generation, cause, reason, at: worker)
      workers[worker]?.job = nil
      workers[worker]?.idleSince = now
    }
    let kind: ClusterEvent.Kind =
      switch state {
      case .failed: .jobFailed
      case .cancelled: .jobCancelled
      default: .jobFinished
      }
    announce(kind, job: id, reason)
    actions.append(.jobEnded(id, state))
    ended.append(id)
    forgetEnded()
  }

  /// Keeps what is known here bounded, however many jobs there were.
  mutating func forgetEnded() {
    for old in ended.dropLast(settings.endedMax) { jobs[old] = nil }
    ended = ended.suffix(settings.endedMax)
  }

  mutating func stop(
    _ job: JobID, _ generation: Generation, _ cause: StopJob.Cause, _ reason: String,
    at id: WorkerID
  ) {
    send(
      .stop(StopJob(job: job, generation: generation, cause: cause, reason: reason)), to: id)
  }

  /// Whether the worker speaks as a member of the job's present generation.
  func isCurrent(_ job: JobID, _ generation: Generation, _ id: WorkerID) -> Bool {
    guard let record = jobs[job]?.record, record.generation == generation else { return false }
    return record.members.contains {
      $0.worker == id && $0.incarnation == workers[id]?.incarnation
    } && workers[id]?.job == job
  }
}

extension StepReport {
  /// Whether a job of that many steps, 0 if nobody has told yet, has such a commit. A position's
  /// number counts the passes after a step in its lowest four bits.
  fileprivate func isPossible(stepsTotal known: UInt64) -> Bool {
    (known == 0 || stepsTotal == known) && stepsTotal <= Self.stepsMax && step <= stepsTotal
      && position.stage == 0 && position.epoch == 0 && position.step >> 4 <= stepsTotal
  }

  /// Of a whole job: a thousand stages of a billion steps.
  private static var stepsMax: UInt64 { 1_000_000_000_000 }
}

extension Failure {
  package static func noSuchJob(_ id: JobID) -> Failure {
    Failure(reason: "there is no job \(id)", advice: "`martlet jobs` lists them")
  }

  package static func alreadyOver(_ id: JobID, _ state: JobStatus.State) -> Failure {
    Failure(reason: "\(id) is already \(state.rawValue)")
  }
}
