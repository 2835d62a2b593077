// How the coordinator's messages to a worker stand on the wire.

internal import CMessages

extension Welcome: WireValue {
  init(_ wire: Martlet__Welcome, _ fields: Fields) throws(WireError) {
    worker = try fields.worker(wire.worker, "worker")
    heartbeatSeconds = try fields.seconds(wire.heartbeat_seconds, "heartbeat_seconds")
    patienceSeconds = try fields.seconds(wire.patience_seconds, "patience_seconds")
  }

  func fill(_ wire: inout Martlet__Welcome, _ scratch: Scratch) {
    wire.worker = worker.number
    wire.heartbeat_seconds = heartbeatSeconds
    wire.patience_seconds = patienceSeconds
  }
}

extension Refused: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__Refused, _ fields: Fields) throws(WireError) {
    job = fields.header.job
    reason = try fields.text(wire.reason, "reason")
    field = try fields.text(wire.field, "field")
    ours = try fields.text(wire.ours, "ours")
    theirs = try fields.text(wire.theirs, "theirs")
  }

  func fill(_ wire: inout Martlet__Refused, _ scratch: Scratch) {
    wire.reason = scratch.text(reason)
    wire.field = scratch.text(field)
    wire.ours = scratch.text(ours)
    wire.theirs = scratch.text(theirs)
  }
}

extension Member: WireValue {
  init(_ wire: Martlet__Member, _ fields: Fields) throws(WireError) {
    worker = try fields.worker(wire.worker, "worker")
    incarnation = Incarnation(wire.incarnation)
    exchange = try fields.required(wire.exchange, "exchange", of: ExchangeAddress.self)
    hostIdentity = try fields.text(wire.host_identity, "host_identity", bytesMax: 256)
    replicas = try fields.replicas(wire.first_replica, wire.replica_count)
  }

  func fill(_ wire: inout Martlet__Member, _ scratch: Scratch) {
    wire.worker = worker.number
    wire.incarnation = incarnation.number
    wire.exchange = scratch.one(exchange)
    wire.host_identity = scratch.text(hostIdentity)
    wire.first_replica = UInt32(replicas.first)
    wire.replica_count = UInt32(replicas.count)
  }
}

extension RelayedPair: WireValue {
  init(_ wire: Martlet__RelayedPair, _ fields: Fields) throws(WireError) {
    self.init(
      try fields.worker(wire.lower, "lower"), try fields.worker(wire.upper, "upper"))
    guard lower != upper else { throw fields.malformed("upper", "\(upper)", "another than lower") }
  }

  func fill(_ wire: inout Martlet__RelayedPair, _ scratch: Scratch) {
    wire.lower = lower.number
    wire.upper = upper.number
  }
}

extension PrepareGeneration: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__PrepareGeneration, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
    specification = try fields.text(
      wire.specification, "specification", bytesMax: WireLimits.documentBytes)
    output = try fields.text(wire.output, "output")
    replicas = try fields.replicas(0, wire.replicas).count
    members = try fields.list(wire.n_members, wire.members, "members", of: Member.self)
    checkpoint = try fields.optional(wire.checkpoint, "checkpoint", of: Checkpoint.self)
    reason = try fields.text(wire.reason, "reason")
    var next = 0
    for member in members {
      guard member.replicas.first == next else {
        throw fields.malformed("members", "replicas \(member.replicas)", "to begin at \(next)")
      }
      next = member.replicas.range.upperBound
    }
    guard next == replicas else {
      throw fields.malformed("members", "\(next) replicas", "all \(replicas)")
    }
    relayed = try fields.list(wire.n_relayed, wire.relayed, "relayed", of: RelayedPair.self)
    let known = Set(members.map(\.worker))
    if let stranger = relayed.flatMap({ [$0.lower, $0.upper] }).first(where: { !known.contains($0) }
    ) {
      throw fields.malformed("relayed", "\(stranger)", "members only")
    }
  }

  func fill(_ wire: inout Martlet__PrepareGeneration, _ scratch: Scratch) {
    wire.specification = scratch.text(specification)
    wire.output = scratch.text(output)
    wire.replicas = UInt32(replicas)
    wire.n_members = members.count
    wire.members = scratch.list(members)
    wire.checkpoint = scratch.one(checkpoint)
    wire.reason = scratch.text(reason)
    wire.n_relayed = relayed.count
    wire.relayed = scratch.list(relayed)
  }
}

extension OpenGeneration: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__OpenGeneration, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = try fields.generation()
    if wire.source != 0 {
      start = .state(
        of: WorkerID(wire.source),
        position: try fields.required(wire.position, "position", of: Position.self),
        digest: try fields.text(wire.digest, "digest", bytesMax: 128))
    } else if let checkpoint = try fields.optional(
      wire.checkpoint, "checkpoint", of: Checkpoint.self)
    {
      start = .checkpoint(checkpoint)
    } else {
      start = .beginning
    }
  }

  func fill(_ wire: inout Martlet__OpenGeneration, _ scratch: Scratch) {
    switch start {
    case .beginning: break
    case .state(let source, let position, let digest):
      wire.source = source.number
      wire.position = scratch.one(position)
      wire.digest = scratch.text(digest)
    case .checkpoint(let checkpoint): wire.checkpoint = scratch.one(checkpoint)
    }
  }
}

extension StopJob: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__StopJob, _ fields: Fields) throws(WireError) {
    job = try fields.job()
    generation = fields.header.generation ?? .zero
    cause = try fields.choice(wire.cause, "cause", of: Cause.self)
    reason = try fields.text(wire.reason, "reason")
  }

  func fill(_ wire: inout Martlet__StopJob, _ scratch: Scratch) {
    wire.cause = scratch.text(cause.rawValue)
    wire.reason = scratch.text(reason)
  }
}

extension Rejoin: WireValue {
  init(_ wire: Martlet__Rejoin, _ fields: Fields) throws(WireError) {
    reason = try fields.text(wire.reason, "reason")
  }

  func fill(_ wire: inout Martlet__Rejoin, _ scratch: Scratch) {
    wire.reason = scratch.text(reason)
  }
}
