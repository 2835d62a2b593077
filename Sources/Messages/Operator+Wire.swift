// How the operator's requests and their replies stand on the wire.

internal import CMessages

extension Submit: WireValue {
  init(_ wire: Martlet__Submit, _ fields: Fields) throws(WireError) {
    specification = try fields.text(
      wire.specification, "specification", bytesMax: WireLimits.documentBytes)
    name = try fields.text(wire.name, "name", bytesMax: 256)
    initialWeights = try fields.text(wire.initial_weights, "initial_weights")
    resume = try fields.text(wire.resume, "resume")
  }

  func fill(_ wire: inout Martlet__Submit, _ scratch: Scratch) {
    wire.specification = scratch.text(specification)
    wire.name = scratch.text(name)
    wire.initial_weights = scratch.text(initialWeights)
    wire.resume = scratch.text(resume)
  }
}

extension StatusRequest: WireValue {
  init(_ wire: Martlet__StatusRequest, _ fields: Fields) throws(WireError) {}
  func fill(_ wire: inout Martlet__StatusRequest, _ scratch: Scratch) {}
}

extension ShowRequest: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__ShowRequest, _ fields: Fields) throws(WireError) {
    job = try fields.job()
  }

  func fill(_ wire: inout Martlet__ShowRequest, _ scratch: Scratch) {}
}

extension LogsRequest: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__LogsRequest, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    offset = wire.offset
    bytesMax = wire.bytes_max
    guard bytesMax > 0, bytesMax <= WireLimits.documentBytes else {
      throw fields.malformed("bytes_max", "\(bytesMax)", "1 to \(WireLimits.documentBytes)")
    }
  }

  func fill(_ wire: inout Martlet__LogsRequest, _ scratch: Scratch) {
    wire.offset = offset
    wire.bytes_max = bytesMax
  }
}

extension CancelRequest: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__CancelRequest, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    reason = try fields.text(wire.reason, "reason", bytesMax: WireLimits.reasonBytes)
  }

  func fill(_ wire: inout Martlet__CancelRequest, _ scratch: Scratch) {
    wire.reason = scratch.text(reason, bytesMax: WireLimits.reasonBytes)
  }
}

extension FilesRequest: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__FilesRequest, _ fields: Fields) throws(WireError) {
    job = try fields.job()
  }

  func fill(_ wire: inout Martlet__FilesRequest, _ scratch: Scratch) {}
}

extension EventsRequest: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__EventsRequest, _ fields: Fields) throws(WireError) {
    job = fields.header.job
    after = wire.after
    countMax = wire.count_max
    guard countMax > 0, countMax <= WireLimits.listCount else {
      throw fields.malformed("count_max", "\(countMax)", "1 to \(WireLimits.listCount)")
    }
  }

  func fill(_ wire: inout Martlet__EventsRequest, _ scratch: Scratch) {
    wire.after = after
    wire.count_max = countMax
  }
}

extension DrainRequest: WireValue {
  init(_ wire: Martlet__DrainRequest, _ fields: Fields) throws(WireError) {
    worker = try fields.text(wire.worker, "worker", bytesMax: 256)
    reason = try fields.text(wire.reason, "reason")
  }

  func fill(_ wire: inout Martlet__DrainRequest, _ scratch: Scratch) {
    wire.worker = scratch.text(worker)
    wire.reason = scratch.text(reason)
  }
}

extension Submitted: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__Submitted, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    output = try fields.text(wire.output, "output")
  }

  func fill(_ wire: inout Martlet__Submitted, _ scratch: Scratch) {
    wire.output = scratch.text(output)
  }
}

extension JobDetail: WireValue {
  init(_ wire: Martlet__JobDetail, _ fields: Fields) throws(WireError) {
    status = try fields.required(wire.status, "status", of: JobStatus.self)
    specification = try fields.text(
      wire.specification, "specification", bytesMax: WireLimits.documentBytes)
  }

  func fill(_ wire: inout Martlet__JobDetail, _ scratch: Scratch) {
    wire.status = scratch.one(status)
    wire.specification = scratch.text(specification)
  }
}

extension Logs: WireValue {
  init(_ wire: Martlet__Logs, _ fields: Fields) throws(WireError) {
    text = try fields.text(wire.text, "text", bytesMax: 3 * WireLimits.documentBytes)
    nextOffset = wire.next_offset
    ended = wire.ended != 0
  }

  func fill(_ wire: inout Martlet__Logs, _ scratch: Scratch) {
    wire.text = scratch.text(text)
    wire.next_offset = nextOffset
    wire.ended = ended ? 1 : 0
  }
}

extension Cancelled: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__Cancelled, _ fields: Fields) throws(WireError) {
    job = try fields.job()
  }

  func fill(_ wire: inout Martlet__Cancelled, _ scratch: Scratch) {}
}

extension Files: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__Files, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    files = try fields.list(wire.n_files, wire.files, "files", of: Artifact.self)
  }

  func fill(_ wire: inout Martlet__Files, _ scratch: Scratch) {
    wire.n_files = files.count
    wire.files = scratch.list(files)
  }
}

extension ClusterEvent: WireValue {
  init(_ wire: Martlet__ClusterEvent, _ fields: Fields) throws(WireError) {
    sequence = wire.sequence
    kind = try fields.choice(wire.kind, "kind", of: Kind.self)
    job = wire.job == 0 ? nil : JobID(wire.job)
    generation = wire.generation == 0 ? nil : Generation(wire.generation)
    worker = wire.worker == 0 ? nil : WorkerID(wire.worker)
    text = try fields.text(wire.text, "text")
    unixSeconds = wire.unix_seconds
  }

  func fill(_ wire: inout Martlet__ClusterEvent, _ scratch: Scratch) {
    wire.sequence = sequence
    wire.kind = scratch.text(kind.rawValue)
    wire.job = job?.number ?? 0
    wire.generation = generation?.number ?? 0
    wire.worker = worker?.number ?? 0
    wire.text = scratch.text(text)
    wire.unix_seconds = unixSeconds
  }
}

extension Events: WireValue {
  init(_ wire: Martlet__Events, _ fields: Fields) throws(WireError) {
    events = try fields.list(wire.n_events, wire.events, "events", of: ClusterEvent.self)
    last = wire.last
  }

  func fill(_ wire: inout Martlet__Events, _ scratch: Scratch) {
    wire.n_events = events.count
    wire.events = scratch.list(events)
    wire.last = last
  }
}

extension Draining: WireValue {
  init(_ wire: Martlet__Draining, _ fields: Fields) throws(WireError) {
    worker = try fields.worker(wire.worker, "worker")
  }

  func fill(_ wire: inout Martlet__Draining, _ scratch: Scratch) { wire.worker = worker.number }
}

extension DigestsRequest: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__DigestsRequest, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    after = wire.after
    countMax = wire.count_max
    guard countMax > 0, countMax <= WireLimits.listCount else {
      throw fields.malformed("count_max", "\(countMax)", "1 to \(WireLimits.listCount)")
    }
  }

  func fill(_ wire: inout Martlet__DigestsRequest, _ scratch: Scratch) {
    wire.after = after
    wire.count_max = countMax
  }
}

extension CommitDigest: WireValue {
  init(_ wire: Martlet__CommitDigest, _ fields: Fields) throws(WireError) {
    position = try fields.required(wire.position, "position", of: Position.self)
    digest = try fields.text(wire.digest, "digest", bytesMax: 128)
  }

  func fill(_ wire: inout Martlet__CommitDigest, _ scratch: Scratch) {
    wire.position = scratch.one(position)
    wire.digest = scratch.text(digest)
  }
}

extension Digests: WireValue {
  init(_ wire: Martlet__Digests, _ fields: Fields) throws(WireError) {
    commits = try fields.list(wire.n_commits, wire.commits, "commits", of: CommitDigest.self)
    fingerprint = try fields.list(
      wire.n_fingerprint, wire.fingerprint, "fingerprint", of: NamedText.self)
    isComplete = wire.complete != 0
  }

  func fill(_ wire: inout Martlet__Digests, _ scratch: Scratch) {
    wire.n_commits = commits.count
    wire.commits = scratch.list(commits)
    wire.n_fingerprint = fingerprint.count
    wire.fingerprint = scratch.list(fingerprint)
    wire.complete = isComplete ? 1 : 0
  }
}

extension JobsRequest: WireValue {
  init(_ wire: Martlet__JobsRequest, _ fields: Fields) throws(WireError) {
    after = wire.after
    countMax = wire.count_max
  }

  func fill(_ wire: inout Martlet__JobsRequest, _ scratch: Scratch) {
    wire.after = after
    wire.count_max = countMax
  }
}

extension Jobs: WireValue {
  init(_ wire: Martlet__Jobs, _ fields: Fields) throws(WireError) {
    jobs = try fields.list(wire.n_jobs, wire.jobs, "jobs", of: JobStatus.self)
    isComplete = wire.complete != 0
  }

  func fill(_ wire: inout Martlet__Jobs, _ scratch: Scratch) {
    wire.n_jobs = jobs.count
    wire.jobs = scratch.list(jobs)
    wire.complete = isComplete ? 1 : 0
  }
}

extension Failure: WireValue {
  init(_ wire: Martlet__Failure, _ fields: Fields) throws(WireError) {
    reason = try fields.text(wire.reason, "reason")
    advice = try fields.text(wire.advice, "advice")
    field = try fields.text(wire.field, "field")
  }

  func fill(_ wire: inout Martlet__Failure, _ scratch: Scratch) {
    wire.reason = scratch.text(reason, bytesMax: WireLimits.reasonBytes)
    wire.advice = scratch.text(advice, bytesMax: WireLimits.reasonBytes)
    wire.field = scratch.text(field, bytesMax: WireLimits.reasonBytes)
  }
}
