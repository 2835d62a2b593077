// Workers whose state is not the others': who is wrong, and how the job goes on without them.
//
// Members whose newest states differ are outvoted by a strict majority. Without one the job goes
// back to before the disagreement, remembers what each of them claimed, and the rerun tells.

import Messages

/// What a job's commits were, as far as the coordinator must remember it.
struct DigestMemory: Sendable {
  /// A disagreement without a majority that a rerun is to settle.
  struct Rewind: Sendable {
    let position: Position
    let start: OpenGeneration.Start
    let claims: [WorkerID: String]
  }

  private static let countMax = 1 << 16

  private(set) var digests: [Position: String] = [:]
  /// The newest report, which is the one a disagreement may be about.
  var newest: StepReport?
  var rewind: Rewind?
  /// Generations, by one position, in which members found their states different in training although
  /// all had said the same before it.
  var disputed: (position: Position, generations: Set<Generation>)?
  /// Disagreements in a row that no rerun has settled.
  var rewinds = 0
  /// Whether the last commit was another one than the first time: those after it are too.
  var differs = false

  mutating func record(_ digest: String, at position: Position) {
    digests[position] = digest
    guard digests.count > Self.countMax else { return }
    for old in digests.keys.sorted().prefix(Self.countMax / 2) { digests[old] = nil }
  }

  /// Nothing goes back further than the checkpoint before the newest.
  mutating func forget(before position: Position) {
    digests = digests.filter { $0.key >= position }
  }
}

extension CoordinatorMachine {
  private static let quarantinedMax = 1024
  private static let rewindsMax = 3
  private static let disputesMax = 3

  func quarantine(of worker: Worker) -> String? {
    quarantined.first { $0.incarnation == worker.incarnation }?.reason
  }

  /// Puts a worker out of all jobs until its process is started again.
  mutating func quarantine(_ id: WorkerID, _ reason: String, _ now: Moment) {
    guard let worker = workers[id], quarantine(of: worker) == nil else { return }
    quarantined.append((worker.incarnation, reason))
    if quarantined.count > Self.quarantinedMax { quarantined.removeFirst() }
    announce(.workerQuarantined, job: worker.job, worker: id, reason)
    guard let jobID = worker.job, let job = jobs[jobID] else { return }
    stop(jobID, job.record.generation, .expelled, reason, at: id)
    workers[id]?.job = nil
    workers[id]?.idleSince = now
    jobs[jobID]?.broken = "\(id) is quarantined: \(reason)"
  }

  /// Quarantines a worker that has a job's whole arithmetic and yet gets other numbers with it.
  mutating func checkProbe(of id: WorkerID, _ now: Moment) {
    guard let worker = workers[id] else { return }
    for jobID in jobs.keys.sorted() {
      guard let job = jobs[jobID], !job.isOver else { continue }
      let (ours, theirs) = (job.record.fingerprint, worker.fingerprint)
      let isProbe = { (item: NamedText) in item.name == "probe" }
      guard let mine = ours.first(where: isProbe), let other = theirs.first(where: isProbe),
        mine != other, ours.filter({ !isProbe($0) }) == theirs.filter({ !isProbe($0) })
      else { continue }
      quarantine(
        id,
        "probe: same build and kernels as \(jobID), but it computes \(other.value) where the job "
          + "began with \(mine.value)", now)
    }
  }

  /// Compares the states that the members of a prepared generation hold.
  ///
  /// Returns: Whether the generation can be opened.
  mutating func settleStates(_ id: JobID, _ ready: [WorkerID: Ready], _ now: Moment) -> Bool {
    guard let job = jobs[id], let newest = ready.values.compactMap(\.committed).max(),
      rewound(job, ready) == nil
    else { return true }
    let claims = ready.filter { $0.value.committed == newest }.mapValues(\.digest)
    let votes = Dictionary(claims.map { ($0.value, 1) }, uniquingKeysWith: +)
    guard votes.count > 1 else { return true }
    jobs[id]?.memory.disputed = nil
    guard let agreed = votes.first(where: { $0.value * 2 > claims.count })?.key else {
      return rewind(id, from: newest, claims, now)
    }
    for worker in claims.keys.sorted() where claims[worker] != agreed {
      quarantine(worker, "its state at \(newest) differs from the others'", now)
    }
    jobs[id]?.memory.record(agreed, at: newest)
    // The wrong one may be who reported that commit.
    if var report = job.memory.newest, report.position == newest, report.digest != agreed {
      report.digest = agreed
      jobs[id]?.memory.newest = report
      actions.append(.record(id, [report]))
    }
    return false
  }

  /// Takes up that members of an open generation found their states different: who is right will show
  /// when all have said what they hold. Where they then say the same, trying again helps only so often.
  mutating func dispute(_ id: JobID, _ reason: String, _ now: Moment) {
    guard let job = jobs[id] else { return }
    let position = job.record.position
    let known = job.memory.disputed.flatMap { $0.position == position ? $0.generations : nil } ?? []
    let generations = known.union([job.record.generation])
    jobs[id]?.memory.disputed = (position, generations)
    guard generations.count >= Self.disputesMax else {
      jobs[id]?.broken = reason
      return
    }
    let times = "\(generations.count) generations in a row"
    end(id, .failed, .failed, "\(reason); in \(times), each of which agreed at its start", now)
  }

  /// The start before a disagreement, as long as somebody still holds what they disagreed about.
  func rewound(_ job: Job, _ ready: [WorkerID: Ready]) -> OpenGeneration.Start? {
    guard let rewind = job.memory.rewind,
      ready.values.contains(where: { $0.committed.map { $0 >= rewind.position } ?? false })
    else { return nil }
    return rewind.start
  }

  /// Lets the job go back to before `position`; nobody knows yet who is right.
  ///
  /// Returns: Whether there is somewhere to go back to; if not, the job ends.
  private mutating func rewind(
    _ id: JobID, from position: Position, _ claims: [WorkerID: String], _ now: Moment
  ) -> Bool {
    guard var job = jobs[id] else { return false }
    let who = list(claims.keys.sorted())
    job.memory.rewinds += 1
    guard position > .beginning, job.memory.rewinds <= Self.rewindsMax else {
      let times = position > .beginning ? ", for the \(job.memory.rewinds)th time in a row" : ""
      end(
        id, .failed, .failed,
        "\(who) have different states at \(position)\(times), and no majority says who is right",
        now)
      return false
    }
    let earlier = [
      job.record.checkpoint, job.record.earlierCheckpoint, job.record.request.checkpoint,
    ].compactMap { $0 }.first { $0.position < position }
    job.memory.rewind = DigestMemory.Rewind(
      position: position, start: earlier.map { .checkpoint($0) } ?? .beginning, claims: claims)
    // One of them wrote what was stored since.
    if job.record.checkpoint != earlier {
      job.record.checkpoint = earlier
      job.record.earlierCheckpoint = nil
    }
    job.record.position = earlier?.position ?? .beginning
    jobs[id] = job
    actions.append(.persist(.job(job.record)))
    announce(
      .jobRewound, job: id, generation: job.record.generation,
      "\(who) have different states at \(position) and no majority says who is right; from "
        + describe(job.memory.rewind?.start ?? .beginning))
    return true
  }

  /// Takes up the digests of reported commits and compares those that ran again.
  ///
  /// Returns: The reports with the digests that count, and those whose record must be replaced.
  mutating func checkDigests(
    of reports: StepReports, from id: WorkerID, _ now: Moment
  ) -> (StepReports, repeated: [StepReport]) {
    guard let known = jobs[reports.job], !known.isOver else { return (reports, []) }
    let isLate = reports.generation < known.record.generation
    var (memory, checked, repeated) = (known.memory, reports, [StepReport]())
    var wrong: [WorkerID] = []
    for (index, report) in reports.reports.enumerated() where !report.digest.isEmpty {
      let recorded = memory.digests[report.position]
      if isLate, let recorded {
        checked.reports[index].digest = recorded
        continue
      }
      memory.record(report.digest, at: report.position)
      if memory.newest.map({ $0.position <= report.position }) ?? true { memory.newest = report }
      let isDisputed = report.position == memory.rewind?.position
      if let recorded, recorded != report.digest {
        if !isDisputed, !memory.differs {
          announce(
            .digestDiffers, job: reports.job, generation: reports.generation, worker: id,
            "state at \(report.position): recorded \(recorded), the rerun has \(report.digest)")
        }
        memory.differs = !isDisputed
        repeated.append(report)
      } else {
        memory.differs = false
      }
      if isDisputed, !isLate, let rewind = memory.rewind {
        wrong = rewind.claims.filter { $0.value != report.digest }.keys.sorted()
        memory.rewind = nil
        memory.rewinds = 0
      }
    }
    jobs[reports.job]?.memory = memory
    for worker in wrong {
      quarantine(
        worker, "its state differed from the one that a rerun reached, as the others see it", now)
    }
    return (checked, repeated)
  }

  /// Digests that were recorded before the coordinator was started.
  package mutating func recall(_ commits: [CommitDigest], of id: JobID) {
    for commit in commits where !commit.digest.isEmpty {
      jobs[id]?.memory.record(commit.digest, at: commit.position)
    }
  }
}
