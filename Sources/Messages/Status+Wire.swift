// How status stands on the wire.

internal import CMessages

extension WorkerStatus: WireValue {
  init(_ wire: Martlet__WorkerStatus, _ fields: Fields) throws(WireError) {
    worker = try fields.worker(wire.worker, "worker")
    name = try fields.text(wire.name, "name")
    host = try fields.text(wire.host, "host")
    process = wire.process
    state = try fields.choice(wire.state, "state", of: State.self)
    reason = try fields.text(wire.reason, "reason")
    job = wire.job == 0 ? nil : JobID(wire.job)
    generation = wire.generation == 0 ? nil : Generation(wire.generation)
    replicas =
      wire.replica_count == 0
      ? nil : try fields.replicas(wire.first_replica, wire.replica_count)
    cores = wire.cores
    threads = wire.threads
    rates.samplesPerSecond = wire.samples_per_second
    rates.computeSeconds = wire.compute_seconds
    rates.exchangeSeconds = wire.exchange_seconds
    rates.inputSeconds = wire.input_seconds
    residentBytes = wire.resident_bytes
    peakBytes = wire.peak_bytes
    memoryLimit = wire.memory_limit
    heartbeatAgeSeconds = wire.heartbeat_age_seconds
    phase = try fields.text(wire.phase, "phase")
    position = try fields.required(wire.position, "position", of: Position.self)
    slowness = try fields.text(wire.slowness, "slowness")
    rates.computeSecondsPerReplica = wire.compute_seconds_per_replica
    relayed = try fields.numbers(
      wire.n_relayed, wire.relayed, "relayed", countMax: WireLimits.listCount
    ).map { WorkerID($0) }
    data = try fields.optional(wire.data, "data", of: DataAccess.self)
  }

  func fill(_ wire: inout Martlet__WorkerStatus, _ scratch: Scratch) {
    wire.worker = worker.number
    wire.name = scratch.text(name)
    wire.host = scratch.text(host)
    wire.process = process
    wire.state = scratch.text(state.rawValue)
    wire.reason = scratch.text(reason)
    wire.job = job?.number ?? 0
    wire.generation = generation?.number ?? 0
    wire.first_replica = UInt32(replicas?.first ?? 0)
    wire.replica_count = UInt32(replicas?.count ?? 0)
    wire.cores = cores
    wire.threads = threads
    wire.samples_per_second = rates.samplesPerSecond
    wire.compute_seconds = rates.computeSeconds
    wire.exchange_seconds = rates.exchangeSeconds
    wire.input_seconds = rates.inputSeconds
    wire.resident_bytes = residentBytes
    wire.peak_bytes = peakBytes
    wire.memory_limit = memoryLimit
    wire.heartbeat_age_seconds = heartbeatAgeSeconds
    wire.phase = scratch.text(phase)
    wire.position = scratch.one(position)
    wire.slowness = scratch.text(slowness)
    wire.compute_seconds_per_replica = rates.computeSecondsPerReplica
    wire.n_relayed = relayed.count
    wire.relayed = scratch.numbers(relayed.map(\.number))
    wire.data = scratch.one(data)
  }
}

extension JobStatus: WireValue {
  init(_ wire: Martlet__JobStatus, _ fields: Fields) throws(WireError) {
    guard wire.job > 0 else { throw fields.malformed("job", "0", "a job's number, from 1") }
    job = JobID(wire.job)
    name = try fields.text(wire.name, "name")
    state = try fields.choice(wire.state, "state", of: State.self)
    reason = try fields.text(wire.reason, "reason")
    generation = wire.generation == 0 ? nil : Generation(wire.generation)
    replicas = Int(wire.replicas)
    workers = Int(wire.workers)
    position = try fields.required(wire.position, "position", of: Position.self)
    step = wire.step
    stepsTotal = wire.steps_total
    loss = wire.has_loss != 0 ? wire.loss : nil
    samplesPerSecond = wire.samples_per_second
    remainingSeconds = wire.has_remaining != 0 ? wire.remaining_seconds : nil
    samples = wire.samples
    skippedSamples = wire.skipped_samples
    scalars = try fields.list(wire.n_scalars, wire.scalars, "scalars", of: NamedNumber.self)
    scores = try fields.list(wire.n_scores, wire.scores, "scores", of: NamedNumber.self)
    artifacts = try fields.list(wire.n_artifacts, wire.artifacts, "artifacts", of: Artifact.self)
    checkpoint = try fields.optional(wire.checkpoint, "checkpoint", of: Checkpoint.self)
    submittedAt = wire.submitted_at
    output = try fields.text(wire.output, "output")
  }

  func fill(_ wire: inout Martlet__JobStatus, _ scratch: Scratch) {
    wire.job = job.number
    wire.name = scratch.text(name)
    wire.state = scratch.text(state.rawValue)
    wire.reason = scratch.text(reason)
    wire.generation = generation?.number ?? 0
    wire.replicas = UInt32(replicas)
    wire.workers = UInt32(workers)
    wire.position = scratch.one(position)
    wire.step = step
    wire.steps_total = stepsTotal
    wire.loss = loss ?? 0
    wire.has_loss = loss == nil ? 0 : 1
    wire.samples_per_second = samplesPerSecond
    wire.remaining_seconds = remainingSeconds ?? 0
    wire.has_remaining = remainingSeconds == nil ? 0 : 1
    wire.samples = samples
    wire.skipped_samples = skippedSamples
    wire.n_scalars = scalars.count
    wire.scalars = scratch.list(scalars)
    wire.n_scores = scores.count
    wire.scores = scratch.list(scores)
    wire.n_artifacts = artifacts.count
    wire.artifacts = scratch.list(artifacts)
    wire.checkpoint = scratch.one(checkpoint)
    wire.submitted_at = submittedAt
    wire.output = scratch.text(output)
  }
}

extension ClusterStatus: WireValue {
  init(_ wire: Martlet__ClusterStatus, _ fields: Fields) throws(WireError) {
    address = try fields.text(wire.address, "address")
    build = try fields.text(wire.build, "build")
    uptimeSeconds = wire.uptime_seconds
    workers = try fields.list(wire.n_workers, wire.workers, "workers", of: WorkerStatus.self)
    jobs = try fields.list(wire.n_jobs, wire.jobs, "jobs", of: JobStatus.self)
    earlierJobs = wire.earlier_jobs
  }

  func fill(_ wire: inout Martlet__ClusterStatus, _ scratch: Scratch) {
    wire.address = scratch.text(address)
    wire.build = scratch.text(build)
    wire.uptime_seconds = uptimeSeconds
    wire.n_workers = workers.count
    wire.workers = scratch.list(workers)
    wire.n_jobs = jobs.count
    wire.jobs = scratch.list(jobs)
    wire.earlier_jobs = earlierJobs
  }
}
