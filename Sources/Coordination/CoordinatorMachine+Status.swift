// What people see.

import Messages

extension CoordinatorMachine {
  /// Workers and jobs in the order of their numbers, the recently departed last.
  package func status(at now: Moment) -> ClusterStatus {
    var status = ClusterStatus()
    // Looked up once for all workers: a search for each would grow with the square of the members.
    var replicas: [JobID: [WorkerID: ReplicaRange]] = [:]
    for job in jobs.values where !job.isOver {
      replicas[job.record.job] = hosted(in: job)
    }
    let next = nextJob
    status.workers = workers.keys.sorted().compactMap { id in
      workers[id].map { worker in
        self.status(
          of: worker, hosting: worker.job.flatMap { replicas[$0]?[id] }, next: next, now)
      }
    }
    for id in jobs.keys.sorted() {
      guard let job = jobs[id], case .open = job.phase else { continue }
      let slow = slowness(of: paces(of: job))
      guard !slow.isEmpty else { continue }
      for index in status.workers.indices {
        if let reason = slow[status.workers[index].worker], status.workers[index].job == id {
          status.workers[index].slowness = "\(reason)"
        }
      }
    }
    status.workers += departed.suffix(WireLimits.listCount - workers.count).map { gone in
      var worker = gone.status
      worker.heartbeatAgeSeconds += (now - gone.at).inSeconds
      return worker
    }
    var members: [JobID: Int] = [:]
    for worker in workers.values {
      if let job = worker.job { members[job, default: 0] += 1 }
    }
    status.jobs = jobs.keys.sorted().compactMap { id in
      jobs[id].map { Self.status(of: $0, workers: members[id] ?? 0).brief }
    }
    status.earlierJobs = jobsIssued - UInt64(jobs.count)
    return status
  }

  package func status(of id: JobID) -> JobStatus? {
    jobs[id].map { job in
      Self.status(of: job, workers: workers.values.count { $0.job == id })
    }
  }

  /// Of a job that no machine knows any more.
  package static func status(of record: JobRecord) -> JobStatus {
    status(of: Job(restoring: record), workers: 0)
  }

  private func hosted(in job: Job) -> [WorkerID: ReplicaRange] {
    Dictionary(
      job.record.members.map { ($0.worker, $0.replicas) }, uniquingKeysWith: { first, _ in first })
  }

  /// The first job that is not over.
  private var nextJob: JobID? { jobs.values.lazy.filter { !$0.isOver }.map(\.record.job).min() }

  /// The job's text as submitted; nil for no such job.
  package func specification(of id: JobID) -> String? { jobs[id]?.record.request.specification }

  package func record(of id: JobID) -> JobRecord? { jobs[id]?.record }

  /// The number of a living process.
  package func worker(of incarnation: Incarnation) -> WorkerID? { numbers[incarnation] }

  func status(of worker: Worker, _ now: Moment) -> WorkerStatus {
    let replicas = worker.job.flatMap { jobs[$0] }.flatMap { hosted(in: $0)[worker.id] }
    return status(of: worker, hosting: replicas, next: nextJob, now)
  }

  private func status(
    of worker: Worker, hosting replicas: ReplicaRange?, next: JobID?, _ now: Moment
  ) -> WorkerStatus {
    var status = WorkerStatus(
      worker: worker.id, name: worker.hello.name, host: worker.hello.host,
      process: worker.hello.process, state: .idle)
    status.cores = worker.hello.cores
    status.threads = worker.hello.threads
    status.memoryLimit = worker.hello.memoryLimit
    status.heartbeatAgeSeconds = (now - worker.lastHeard).inSeconds
    if let heartbeat = worker.heartbeat {
      status.rates = heartbeat.rates
      status.residentBytes = heartbeat.residentBytes
      status.peakBytes = heartbeat.peakBytes
      status.phase = heartbeat.phase
      status.position = heartbeat.position
      status.data = heartbeat.data
    }
    guard let id = worker.job, let job = jobs[id] else {
      if let leaving = worker.leaving {
        (status.state, status.reason) = (.leaving, leaving)
        return status
      }
      if let warmUp = worker.warmUp {
        (status.state, status.reason) = (.preparing, "\(warmUp.job): warming up to join")
        return status
      }
      if let reason = quarantine(of: worker) {
        (status.state, status.reason) = (.quarantined, reason)
        return status
      }
      if let stuck = worker.stuck {
        status.state = .unfit
        status.reason = stuck
        return status
      }
      if let next, let reason = objection(of: next, to: worker.id) {
        status.state = .unfit
        status.reason = "\(next): \(reason)"
      }
      return status
    }
    status.job = id
    status.generation = job.record.generation
    status.replicas = replicas
    switch job.phase {
    case .open:
      status.state = .running
      status.relayed = relayedPairs(of: job).compactMap { $0.other(than: worker.id) }
    case .waiting(let reason):
      status.state = .preparing
      status.reason = reason
    case .preparing, .over: status.state = .preparing
    }
    if let leaving = worker.leaving { (status.state, status.reason) = (.leaving, leaving) }
    return status
  }

  private static func status(of job: Job, workers: Int) -> JobStatus {
    let record = job.record
    var status = JobStatus(
      job: record.job, name: record.request.name, state: record.state,
      replicas: record.request.replicas)
    status.reason = record.reason
    if case .waiting(let reason) = job.phase { status.reason = reason }
    status.generation = record.generation == .zero ? nil : record.generation
    status.workers = workers
    status.position = record.position
    status.step = record.step
    status.stepsTotal = record.stepsTotal
    status.loss = record.loss
    status.samples = record.samples
    status.skippedSamples = record.skippedSamples
    status.scalars = record.scalars
    status.scores = record.scores
    status.artifacts = record.artifacts
    status.checkpoint = record.checkpoint
    status.submittedAt = record.request.submittedAt
    status.output = record.output
    if !job.isOver, let seconds = job.secondsPerStep {
      status.samplesPerSecond = job.samplesPerSecond
      let remaining = record.stepsTotal - min(record.step, record.stepsTotal)
      status.remainingSeconds = Double(remaining) * seconds
    }
    return status
  }
}
