// Memberships: when a new one is due, who is in it, and from which state it goes on.

import Messages

extension CoordinatorMachine {
  /// Looks at every job in the order of submission and gives it the membership it should have.
  mutating func schedule(_ now: Moment) {
    guard !isRecovering else { return }
    for id in jobs.keys.sorted() {
      guard let job = jobs[id] else { continue }
      switch job.phase {
      case .over: continue
      case .waiting:
        drainWaiting(id, now)
        startIfPossible(id, now)
      case .preparing(let since, let ready):
        if job.broken == nil, now - since > settings.preparation {
          for member in job.record.members where ready[member.worker] == nil {
            exclude(
              member.worker, from: id, "not ready after \(tenths(settings.preparation)) s", now)
          }
        }
        if let reason = jobs[id]?.broken { prepare(id, reason, now) }
      case .open(let since):
        if let reason = job.broken {
          prepare(id, reason, now)
        } else {
          plan(id, openSince: since, now)
        }
      }
    }
  }

  private mutating func startIfPossible(_ id: JobID, _ now: Moment) {
    // Its last state is about to be stored; a newer generation would refuse that.
    guard jobs[id]?.saver == nil else { return }
    let ready = candidates(for: id)
    guard let newest = ready.map(\.idleSince).max(), let oldest = ready.map(\.idleSince).min()
    else {
      wait(id, because: reasonForNobody(id))
      return
    }
    // Workers that come together start together; but a stream of them must not delay for ever.
    guard now - newest >= settings.gathering || now - oldest >= settings.patience else { return }
    prepare(id, jobs[id]?.record.generation == .zero ? "first start" : "workers came back", now)
  }

  /// The workers a job has or could have, in the order of their numbers.
  func candidates(for id: JobID) -> [Worker] {
    guard let job = jobs[id] else { return [] }
    // Numbers are sorted, not workers: those are large, and this is done for every event.
    let able = workers.values.lazy.filter {
      ($0.job == id || $0.isFree(for: id)) && $0.unfit[id] == nil && $0.stuck == nil
        && quarantine(of: $0) == nil
        && (job.record.fingerprint.isEmpty || job.record.fingerprint == $0.fingerprint)
    }.map(\.id).sorted().compactMap { workers[$0] }
    guard job.record.fingerprint.isEmpty else { return able }
    // Which arithmetic to fix: that of the most threads, then the lowest number.
    var threads: [[NamedText]: Int] = [:]
    for worker in able { threads[worker.fingerprint, default: 0] += worker.threads }
    let most = threads.values.max()
    guard let chosen = able.first(where: { threads[$0.fingerprint] == most }) else { return [] }
    return able.filter { $0.fingerprint == chosen.fingerprint }
  }

  private func reasonForNobody(_ id: JobID) -> String {
    guard !workers.isEmpty else { return "no worker is connected" }
    if let reason = workers.keys.sorted().lazy.compactMap({ worker -> String? in
      self.objection(of: id, to: worker).map { "\(worker): \($0)" }
    }).first {
      return reason
    }
    return workers.values.allSatisfy { $0.leaving != nil }
      ? "all workers are leaving" : "all workers are busy"
  }

  /// Why an idle worker does not serve a job, if there is a lasting reason.
  func objection(of id: JobID, to worker: WorkerID) -> String? {
    guard let worker = workers[worker], let job = jobs[id] else { return nil }
    if let reason = worker.stuck ?? worker.unfit[id] ?? quarantine(of: worker) { return reason }
    guard !job.record.fingerprint.isEmpty,
      let (field, ours, theirs) = difference(job.record.fingerprint, worker.fingerprint)
    else { return nil }
    return refusal(field, ours, theirs)
  }

  mutating func wait(_ id: JobID, because reason: String) {
    guard var job = jobs[id], job.phase != .waiting(reason: reason) else { return }
    job.phase = .waiting(reason: reason)
    job.record.state = job.record.generation == .zero ? .queued : .waiting
    job.broken = nil
    job.pause = nil
    jobs[id] = job
    announce(.jobWaiting, job: id, reason)
  }

  /// Makes the next generation of a job out of everybody who can serve it now.
  mutating func prepare(_ id: JobID, _ reason: String, _ now: Moment) {
    let all = candidates(for: id)
    guard var job = jobs[id], !all.isEmpty else {
      wait(id, because: reasonForNobody(id))
      return
    }
    // Who holds the job's state stays before anybody new comes in, and waits for nobody's warm-up.
    let isHeld = all.contains { $0.job == id && $0.holdsState }
    let newcomers = all.filter { $0.job == nil && (!isHeld || $0.warmUp?.warmSince != nil) }
    let pool = (all.filter { $0.job == id } + newcomers).prefix(job.limit)
    let places: [Assignment]
    switch placement(of: job, on: Array(pool), orAnyOf: all) {
    case .placed(let assignments): places = assignments
    case .tooSmall(let fits):
      wait(
        id,
        because: """
          the living workers' memory holds \(fits) of \(job.record.request.replicas) replicas
          """)
      return
    }

    job.stalls = job.positionAtPreparation == job.record.position ? job.stalls + 1 : 0
    job.positionAtPreparation = job.record.position
    job.record.generation = job.record.generation.next
    job.record.state = .preparing
    job.record.members = places.compactMap { place in
      workers[place.worker].map {
        Member(
          worker: $0.id, incarnation: $0.incarnation, exchange: $0.hello.exchange,
          hostIdentity: $0.hello.hostIdentity, replicas: place.replicas)
      }
    }
    job.phase = .preparing(since: now, ready: [:])
    job.relayed = relaysThatStay(job, now)
    job.broken = nil
    job.pause = nil
    job.recovered = []
    jobs[id] = job
    actions.append(.persist(.job(job.record)))
    announce(.generationPrepared, job: id, generation: job.record.generation, reason)

    let chosen = Set(places.map(\.worker))
    // One value for all members, so that it is encoded once: it lists each of them.
    let message = message(for: job, reason)
    for worker in workers.keys.sorted() {
      if chosen.contains(worker) {
        workers[worker]?.job = id
        workers[worker]?.warmUp = nil
        send(.prepare(message), to: worker)
      } else if workers[worker]?.job == id {
        stop(id, job.record.generation, .expelled, "others host all replicas", at: worker)
        workers[worker]?.job = nil
        workers[worker]?.idleSince = now
      }
    }
  }

  /// The preferred workers if their memory suffices, else the best of all that could serve.
  private func placement(
    of job: Job, on pool: [Worker], orAnyOf all: [Worker]
  ) -> Placement {
    let costs = replicaCosts(of: job)
    func candidate(_ worker: Worker) -> Candidate {
      self.candidate(worker, for: job, cost: costs.known[worker.id] ?? costs.usual)
    }
    let preferred = assign(
      replicas: job.record.request.replicas, workers: pool.map { candidate($0) })
    guard case .tooSmall = preferred, all.count > pool.count else { return preferred }
    let roomiest = all.map { candidate($0) }
      .sorted { ($1.replicasMax, $0.worker) < ($0.replicasMax, $1.worker) }
    return assign(
      replicas: job.record.request.replicas, workers: Array(roomiest.prefix(job.limit)))
  }

  func candidate(_ worker: Worker, for job: Job, cost: Int = 1) -> Candidate {
    let (limit, each) = (worker.hello.memoryLimit, job.record.peakBytesPerReplica)
    let free = limit - min(limit, job.record.fixedBytes ?? 0)
    let fits = limit == 0 || each == 0 ? Int.max : Int(clamping: free / each)
    return Candidate(worker: worker.id, threads: worker.threads, replicasMax: fits, cost: cost)
  }

  /// Tells a worker of another arithmetic why the job does not ask for it.
  mutating func explainRefusal(of id: JobID, to worker: WorkerID) {
    guard let job = jobs[id], !job.isOver, !job.record.fingerprint.isEmpty,
      let other = workers[worker], other.job == nil,
      let (field, ours, theirs) = difference(job.record.fingerprint, other.fingerprint)
    else { return }
    let reason = refusal(field, ours, theirs)
    let refusal = Refused(job: id, reason: reason, field: field, ours: ours, theirs: theirs)
    send(.refused(refusal), to: worker)
    announce(.workerRefused, job: id, worker: worker, reason)
  }

  /// The first open generation fixes the arithmetic for the job's whole life.
  private mutating func fixArithmetic(of id: JobID, _ now: Moment) {
    guard var job = jobs[id], job.record.fingerprint.isEmpty,
      let first = job.record.members.first.flatMap({ workers[$0.worker] })
    else { return }
    job.record.fingerprint = first.fingerprint
    jobs[id] = job
    actions.append(.persist(.job(job.record)))
    for worker in workers.keys.sorted() {
      checkProbe(of: worker, now)
      explainRefusal(of: id, to: worker)
    }
  }

  func message(for job: Job, _ reason: String) -> PrepareGeneration {
    var message = PrepareGeneration(
      job: job.record.job, generation: job.record.generation,
      specification: job.record.request.specification, output: job.record.output,
      replicas: job.record.request.replicas, members: job.record.members,
      checkpoint: job.record.checkpoint, reason: reason)
    message.relayed = relayedPairs(of: job)
    return message
  }

  mutating func note(_ ready: Ready, of id: WorkerID, _ now: Moment) {
    guard var job = jobs[ready.job], !job.isOver else {
      stop(ready.job, ready.generation, .cancelled, "the job is over", at: id)
      return
    }
    guard workers[id]?.job == ready.job else {
      stop(ready.job, ready.generation, .expelled, "not a member any more", at: id)
      return
    }
    guard isCurrent(ready.job, ready.generation, id),
      case .preparing(let since, var everyone) = job.phase
    else {
      if isCurrent(ready.job, ready.generation, id) { repeatOpening(for: id) }
      return
    }
    everyone[id] = ready
    job.phase = .preparing(since: since, ready: everyone)
    jobs[ready.job] = job
    if job.broken == nil, everyone.count == job.record.members.count {
      open(ready.job, everyone, now)
    }
  }

  private mutating func open(_ id: JobID, _ ready: [WorkerID: Ready], _ now: Moment) {
    guard settleStates(id, ready, now), var job = jobs[id] else { return }
    let newest = ready.values.compactMap(\.committed).max()
    job.start = rewound(job, ready) ?? start(job, ready, newest)
    job.phase = .open(since: now)
    job.record.state = .running
    job.lastOpened = Set(job.record.members.map(\.incarnation))
    jobs[id] = job
    for member in job.record.members { workers[member.worker]?.holdsState = true }
    fixArithmetic(of: id, now)
    announce(
      .generationOpened, job: id, generation: job.record.generation,
      "\(job.record.members.count) workers, from \(describe(job.start))")
    for member in job.record.members { repeatOpening(for: member.worker) }
  }

  private func start(
    _ job: Job, _ ready: [WorkerID: Ready], _ newest: Position?
  ) -> OpenGeneration.Start {
    if let checkpoint = job.record.checkpoint, newest.map({ $0 < checkpoint.position }) ?? true {
      return .checkpoint(checkpoint)
    }
    let holders = ready.filter { $0.value.committed == newest && newest != nil }
    guard let newest, let source = holders.keys.min(), let digest = holders[source]?.digest else {
      return .beginning
    }
    return .state(of: source, position: newest, digest: digest)
  }

  /// Says again what a member may have missed; members ignore what they know.
  mutating func repeatGeneration(for id: WorkerID) {
    if workers[id]?.hasSaidGoodbye == false, let leaving = workers[id]?.leaving {
      send(.drain(Drain(reason: leaving)), to: id)
    }
    if let warmUp = workers[id]?.warmUp, let job = jobs[warmUp.job] {
      var message = message(for: job, "reconnected")
      message.generation = warmUp.generation
      message.isWarmUp = true
      send(.prepare(message), to: id)
      return
    }
    guard let jobID = workers[id]?.job, let job = jobs[jobID],
      isCurrent(jobID, job.record.generation, id)
    else {
      if let standing = workers[id]?.hello.standing, jobs[standing.job]?.isOver ?? true {
        stop(standing.job, standing.generation, .cancelled, "the job is over", at: id)
      }
      return
    }
    switch job.phase {
    case .preparing, .open:
      send(.prepare(message(for: job, "reconnected")), to: id)
      repeatPause(for: id)
    case .waiting, .over: break
    }
  }

  private mutating func repeatOpening(for id: WorkerID) {
    guard let jobID = workers[id]?.job, let job = jobs[jobID], case .open = job.phase else {
      return
    }
    let opening = OpenGeneration(
      job: jobID, generation: job.record.generation, start: job.start)
    send(.open(opening), to: id)
  }
}

func describe(_ start: OpenGeneration.Start) -> String {
  switch start {
  case .beginning: "the beginning"
  case .state(let worker, let position, _): "\(position) of \(worker)"
  case .checkpoint(let checkpoint): "checkpoint \(checkpoint.name) at \(checkpoint.position)"
  }
}

private func refusal(_ field: String, _ ours: String, _ theirs: String) -> String {
  "\(field) is '\(theirs)', the job began with '\(ours)'"
}

func list(_ workers: [WorkerID]) -> String {
  workers.map(\.description).joined(separator: ", ")
}

/// The first item in which two fingerprints differ.
func difference(
  _ ours: [NamedText], _ theirs: [NamedText]
) -> (field: String, ours: String, theirs: String)? {
  let other = Dictionary(
    theirs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  for item in ours where other[item.name] != item.value {
    return (item.name, item.value, other[item.name] ?? "absent")
  }
  let known = Set(ours.map(\.name))
  return theirs.first { !known.contains($0.name) }.map { ($0.name, "absent", $0.value) }
}
