// How a worker's messages stand on the wire.

internal import CMessages

extension ExchangeAddress: WireValue {
  init(_ wire: Martlet__ExchangeAddress, _ fields: Fields) throws(WireError) {
    local = try fields.text(wire.local, "local", bytesMax: 256)
    remote = try fields.text(wire.remote, "remote", bytesMax: 256)
    password = try fields.bytes(wire.password, "password", countMax: 32)
    guard password.isEmpty || password.count == 32 else {
      throw fields.malformed("password", "\(password.count) bytes", "32 or none")
    }
    hasAES = wire.aes != 0
  }

  func fill(_ wire: inout Martlet__ExchangeAddress, _ scratch: Scratch) {
    wire.local = scratch.text(local)
    wire.remote = scratch.text(remote)
    wire.password = scratch.bytes(password)
    wire.aes = hasAES ? 1 : 0
  }
}

extension Standing: WireValue {
  init(_ wire: Martlet__Standing, _ fields: Fields) throws(WireError) {
    guard wire.job > 0, wire.generation > 0 else {
      throw fields.malformed("", "job \(wire.job), generation \(wire.generation)", "both from 1")
    }
    job = JobID(wire.job)
    generation = Generation(wire.generation)
    isOpen = wire.open != 0
  }

  func fill(_ wire: inout Martlet__Standing, _ scratch: Scratch) {
    wire.job = job.number
    wire.generation = generation.number
    wire.open = isOpen ? 1 : 0
  }
}

extension Hello: WireValue {
  init(_ wire: Martlet__Hello, _ fields: Fields) throws(WireError) {
    name = try fields.text(wire.name, "name", bytesMax: 256)
    guard !name.isEmpty else { throw fields.malformed("name", "empty", "a worker's name") }
    host = try fields.text(wire.host, "host", bytesMax: 256)
    hostIdentity = try fields.text(wire.host_identity, "host_identity", bytesMax: 256)
    process = wire.process
    build = try fields.text(wire.build, "build", bytesMax: 256)
    fingerprint = try fields.list(
      wire.n_fingerprint, wire.fingerprint, "fingerprint", of: NamedText.self, countMax: 64)
    exchange = try fields.required(wire.exchange, "exchange", of: ExchangeAddress.self)
    cores = wire.cores
    threads = wire.threads
    memoryLimit = wire.memory_limit
    previous = wire.previous_worker == 0 ? nil : WorkerID(wire.previous_worker)
    standing = try fields.optional(wire.standing, "standing", of: Standing.self)
  }

  func fill(_ wire: inout Martlet__Hello, _ scratch: Scratch) {
    wire.name = scratch.text(name)
    wire.host = scratch.text(host)
    wire.host_identity = scratch.text(hostIdentity)
    wire.process = process
    wire.build = scratch.text(build)
    wire.n_fingerprint = fingerprint.count
    wire.fingerprint = scratch.list(fingerprint)
    wire.exchange = scratch.one(exchange)
    wire.cores = cores
    wire.threads = threads
    wire.memory_limit = memoryLimit
    wire.previous_worker = previous?.number ?? 0
    wire.standing = scratch.one(standing)
  }
}

extension Heartbeat: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__Heartbeat, _ fields: Fields) throws(WireError) {
    job = fields.header.job
    generation = fields.header.generation
    position = try fields.required(wire.position, "position", of: Position.self)
    collective = wire.collective
    phase = try fields.text(wire.phase, "phase", bytesMax: 64)
    rates.samplesPerSecond = wire.samples_per_second
    rates.computeSeconds = wire.compute_seconds
    rates.exchangeSeconds = wire.exchange_seconds
    rates.inputSeconds = wire.input_seconds
    residentBytes = wire.resident_bytes
    peakBytes = wire.peak_bytes
    peakBytesPerReplica = wire.peak_bytes_per_replica
    fixedBytes = wire.fixed_bytes
    activity = wire.activity
    waitsFor = try fields.numbers(
      wire.n_waits_for, wire.waits_for, "waits_for", countMax: Self.waitsForMax
    ).map { WorkerID($0) }
    rates.computeSecondsPerReplica = wire.compute_seconds_per_replica
    data = try fields.optional(wire.data, "data", of: DataAccess.self)
  }

  func fill(_ wire: inout Martlet__Heartbeat, _ scratch: Scratch) {
    wire.position = scratch.one(position)
    wire.collective = collective
    wire.phase = scratch.text(phase)
    wire.samples_per_second = rates.samplesPerSecond
    wire.compute_seconds = rates.computeSeconds
    wire.exchange_seconds = rates.exchangeSeconds
    wire.input_seconds = rates.inputSeconds
    wire.resident_bytes = residentBytes
    wire.peak_bytes = peakBytes
    wire.peak_bytes_per_replica = peakBytesPerReplica
    wire.fixed_bytes = fixedBytes
    wire.activity = activity
    let waited = waitsFor.prefix(Self.waitsForMax).map(\.number)
    wire.n_waits_for = waited.count
    wire.waits_for = scratch.numbers(waited)
    wire.compute_seconds_per_replica = rates.computeSecondsPerReplica
    wire.data = scratch.one(data)
  }
}

extension DataAccess: WireValue {
  init(_ wire: Martlet__DataAccess, _ fields: Fields) throws(WireError) {
    way = try fields.text(wire.way, "way", bytesMax: Self.wayBytes)
    cacheHits = wire.cache_hits
    cacheMisses = wire.cache_misses
  }

  func fill(_ wire: inout Martlet__DataAccess, _ scratch: Scratch) {
    wire.way = scratch.text(way, bytesMax: Self.wayBytes)
    wire.cache_hits = cacheHits
    wire.cache_misses = cacheMisses
  }

  private static let wayBytes = 1_024
}

extension Ready: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__Ready, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
    committed = try fields.optional(wire.committed, "committed", of: Position.self)
    digest = try fields.text(wire.digest, "digest", bytesMax: 128)
  }

  func fill(_ wire: inout Martlet__Ready, _ scratch: Scratch) {
    wire.committed = scratch.one(committed)
    wire.digest = scratch.text(digest)
  }
}

extension StepReport: WireValue {
  init(_ wire: Martlet__StepReport, _ fields: Fields) throws(WireError) {
    self.init(
      position: try fields.required(wire.position, "position", of: Position.self),
      step: wire.step, stepsTotal: wire.steps_total, loss: wire.loss)
    scalars = try fields.list(wire.n_scalars, wire.scalars, "scalars", of: NamedNumber.self)
    learningRate = wire.learning_rate
    samples = wire.samples
    skippedSamples = wire.skipped_samples
    seconds = wire.seconds
    computeSeconds = wire.compute_seconds
    exchangeSeconds = wire.exchange_seconds
    inputSeconds = wire.input_seconds
    digest = try fields.text(wire.digest, "digest", bytesMax: 128)
    delivery = try fields.optional(wire.delivery, "delivery", of: Delivery.self)
  }

  func fill(_ wire: inout Martlet__StepReport, _ scratch: Scratch) {
    wire.position = scratch.one(position)
    wire.step = step
    wire.steps_total = stepsTotal
    wire.loss = loss
    wire.n_scalars = scalars.count
    wire.scalars = scratch.list(scalars)
    wire.learning_rate = learningRate
    wire.samples = samples
    wire.skipped_samples = skippedSamples
    wire.seconds = seconds
    wire.compute_seconds = computeSeconds
    wire.exchange_seconds = exchangeSeconds
    wire.input_seconds = inputSeconds
    wire.digest = scratch.text(digest)
    wire.delivery = scratch.one(delivery)
  }
}

extension Delivery: WireValue {
  init(_ wire: Martlet__Delivery, _ fields: Fields) throws(WireError) {
    stage = wire.stage
    epoch = wire.epoch
    count = wire.count
    samples = try fields.numbers(
      wire.n_samples, wire.samples, "samples", countMax: WireLimits.deliveredSamples)
  }

  func fill(_ wire: inout Martlet__Delivery, _ scratch: Scratch) {
    wire.stage = stage
    wire.epoch = epoch
    wire.count = count
    wire.n_samples = samples.count
    wire.samples = scratch.numbers(samples)
  }
}

extension StepReports: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__StepReports, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
    reports = try fields.list(wire.n_reports, wire.reports, "reports", of: StepReport.self)
  }

  func fill(_ wire: inout Martlet__StepReports, _ scratch: Scratch) {
    wire.n_reports = reports.count
    wire.reports = scratch.list(reports)
  }
}

extension WorkerFailed: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__WorkerFailed, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
    blame = try fields.choice(wire.blame, "blame", of: Blame.self)
    reason = try fields.text(wire.reason, "reason", bytesMax: WireLimits.reasonBytes)
    peer = wire.peer == 0 ? nil : WorkerID(wire.peer)
    position = try fields.optional(wire.position, "position", of: Position.self)
  }

  func fill(_ wire: inout Martlet__WorkerFailed, _ scratch: Scratch) {
    wire.blame = scratch.text(blame.rawValue)
    wire.reason = scratch.text(reason, bytesMax: WireLimits.reasonBytes)
    wire.peer = peer?.number ?? 0
    wire.position = scratch.one(position)
  }
}

extension JobFinished: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__JobFinished, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
    scores = try fields.list(wire.n_scores, wire.scores, "scores", of: NamedNumber.self)
    artifacts = try fields.list(wire.n_artifacts, wire.artifacts, "artifacts", of: Artifact.self)
  }

  func fill(_ wire: inout Martlet__JobFinished, _ scratch: Scratch) {
    wire.n_scores = scores.count
    wire.scores = scratch.list(scores)
    wire.n_artifacts = artifacts.count
    wire.artifacts = scratch.list(artifacts)
  }
}

extension Leave: WireValue {
  init(_ wire: Martlet__Leave, _ fields: Fields) throws(WireError) {
    reason = try fields.text(wire.reason, "reason", bytesMax: WireLimits.reasonBytes)
  }

  func fill(_ wire: inout Martlet__Leave, _ scratch: Scratch) {
    wire.reason = scratch.text(reason, bytesMax: WireLimits.reasonBytes)
  }
}

extension Pausing: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__Pausing, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
    position = try fields.required(wire.position, "position", of: Position.self)
    isWaiting = wire.waiting != 0
  }

  func fill(_ wire: inout Martlet__Pausing, _ scratch: Scratch) {
    wire.position = scratch.one(position)
    wire.waiting = isWaiting ? 1 : 0
  }
}

extension Warm: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__Warm, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
  }

  func fill(_ wire: inout Martlet__Warm, _ scratch: Scratch) {}
}
