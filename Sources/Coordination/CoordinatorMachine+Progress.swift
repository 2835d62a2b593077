// Failures between living workers: who is stuck, and which way between two of them is cut.
//
// Death and silence show by themselves; these do not. A worker says in each heartbeat how much it
// has done and whose deliveries it awaits. What stands still for much longer than a step while
// others wait for it is stuck; two that stand still and wait for each other have lost their link.

import Messages

/// What a worker's heartbeats say of its progress in one generation.
struct Watch: Hashable, Sendable {
  var generation: Generation?
  var activity: UInt64
  /// When it was first and last heard to have done so much. Both are times of hearing, so a
  /// coordinator that was asleep itself judges nobody for it.
  var since: Moment
  var until: Moment

  var standsStill: Duration { until - since }
}

/// A member whose heartbeats have not risen for a while.
private struct Standstill {
  let worker: WorkerID
  let phase: String
  let collective: UInt64
  let duration: Duration
  let waitsFor: Set<WorkerID>
}

extension CoordinatorMachine {
  mutating func watch(_ heartbeat: Heartbeat, of id: WorkerID, _ now: Moment) {
    guard var watch = workers[id]?.watch, watch.generation == heartbeat.generation,
      watch.activity == heartbeat.activity
    else {
      workers[id]?.watch = Watch(
        generation: heartbeat.generation, activity: heartbeat.activity, since: now, until: now)
      return
    }
    watch.until = now
    workers[id]?.watch = watch
  }

  /// Ends generations in which nothing moves any more, and says whose fault it is.
  mutating func judgeProgress(_ now: Moment) {
    for id in jobs.keys.sorted() {
      guard let job = jobs[id], case .open = job.phase, job.broken == nil else { continue }
      let still = standstills(of: job)
      guard !still.isEmpty, !relayCutLinks(among: still, of: job, now),
        !expelStuck(among: still, of: job, now)
      else { continue }
      relayCircle(among: still, of: job, now)
    }
  }

  /// Those that stand still for long enough to be looked at, in the order of the workers' numbers.
  private func standstills(of job: Job) -> [Standstill] {
    // Nobody's patience is shorter, and nearly always nobody stands still that long.
    let least = min(leastStandstill, settings.preparation)
    let still = job.record.members.filter {
      (workers[$0.worker]?.watch?.standsStill ?? .zero) >= least
    }
    guard !still.isEmpty else { return [] }
    let members = Set(job.record.members.map(\.worker))
    return still.compactMap { member -> Standstill? in
      guard let worker = workers[member.worker], worker.incarnation == member.incarnation,
        let heartbeat = worker.heartbeat, heartbeat.job == job.record.job,
        heartbeat.generation == job.record.generation, let watch = worker.watch
      else { return nil }
      return Standstill(
        worker: member.worker, phase: heartbeat.phase, collective: heartbeat.collective,
        duration: watch.standsStill,
        waitsFor: members.intersection(heartbeat.waitsFor).subtracting([member.worker]))
    }.sorted { $0.worker < $1.worker }
  }

  private mutating func relayCutLinks(
    among still: [Standstill], of job: Job, _ now: Moment
  ) -> Bool {
    let patience = linkPatience(of: job)
    let late = still.filter { $0.duration >= patience }
    var pairs: [RelayedPair] = []
    for one in late {
      for other in late
      where one.worker < other.worker && one.waitsFor.contains(other.worker)
        && other.waitsFor.contains(one.worker)
      {
        pairs.append(RelayedPair(one.worker, other.worker))
      }
    }
    for pair in pairs {
      breakLink(
        pair, of: job.record.job,
        "each has waited \(tenths(patience)) s for what the other says it has sent", now)
    }
    return !pairs.isEmpty
  }

  /// Where a link loses what goes one way only, the receiver waits for the sender, but the sender
  /// for a third whom the receiver holds up. Nobody is stuck then and no two wait for each other:
  /// all links of the circle are relayed, since any of them may be the one.
  private mutating func relayCircle(among still: [Standstill], of job: Job, _ now: Moment) {
    let patience = linkPatience(of: job)
    let awaited = Dictionary(
      uniqueKeysWithValues: still.filter { $0.duration >= patience }.map {
        ($0.worker, $0.waitsFor)
      }
    )
    guard let circle = circle(in: awaited) else { return }
    let pairs = circle.indices.map {
      RelayedPair(circle[$0], circle[($0 + 1) % circle.count])
    }
    let names = (circle + [circle[0]]).map { "\($0)" }.joined(separator: " for ")
    let reason = "in a circle each has waited \(tenths(patience)) s, \(names)"
    // One that is relayed already is not the one, unless all are.
    let direct = pairs.filter { job.relayed[$0] == nil }
    for pair in direct.isEmpty ? [pairs[0]] : direct {
      breakLink(pair, of: job.record.job, reason, now)
    }
  }

  /// Workers of whom each waits for the next and the last for the first, found from the lowest.
  private func circle(in awaited: [WorkerID: Set<WorkerID>]) -> [WorkerID]? {
    for first in awaited.keys.sorted() {
      var path = [first]
      while let next = awaited[path[path.count - 1]]?.filter({ awaited[$0] != nil }).min() {
        if let begin = path.firstIndex(of: next) { return Array(path[begin...]) }
        path.append(next)
      }
    }
    return nil
  }

  /// How long two that wait may have waited. What each awaits has long been sent; that needs no step
  /// to compare with.
  private func linkPatience(of job: Job) -> Duration {
    (stepPatience(of: job) ?? settings.patience * 5) * doublings(of: job)
  }

  /// Whether there was one.
  private mutating func expelStuck(
    among still: [Standstill], of job: Job, _ now: Moment
  ) -> Bool {
    var isAny = false
    let late = still.filter { $0.duration >= patience(with: $0, of: job) }
    let waiting = still.filter { !$0.waitsFor.isEmpty }
    for one in late where one.waitsFor.isEmpty {
      let isAwaited =
        job.pause.map { $0.waiting[one.worker] == nil } ?? false
        || waiting.contains {
          $0.waitsFor.contains(one.worker) && $0.duration >= patience(with: one, of: job)
        }
      guard isAwaited else { continue }
      let place =
        one.collective == 0 ? "before its first collective" : "in collective \(one.collective)"
      let measure =
        comparesWithSteps(one.phase) && stepPatience(of: job) != nil
        ? " (10 × the median step, \(tenths(leastStandstill + hearing)) s at least)" : ""
      let reason = """
        stuck \(place) of step \(job.record.step + 1) (\(one.phase)) for up to \
        \(tenths(one.duration + hearing)) s\(measure) while others wait for it
        """
      exclude(one.worker, from: job.record.job, reason, now)
      // Its thread may never return: no other job gets it before it is started anew.
      workers[one.worker]?.stuck = "\(reason); start it anew"
      isAny = true
    }
    return isAny
  }

  private func patience(with one: Standstill, of job: Job) -> Duration {
    let base = comparesWithSteps(one.phase) ? stepPatience(of: job) : nil
    return (base ?? settings.preparation) * doublings(of: job)
  }

  /// Whether a worker in this phase does what the steps before it did, too.
  private func comparesWithSteps(_ phase: String) -> Bool {
    phase == "compute" || phase == "exchange"
  }

  /// How long a worker must have been heard to stand still for its verdict to fall within ten median
  /// steps, but no less than `leastStandstill`; nil before a step was seen.
  private func stepPatience(of job: Job) -> Duration? {
    guard let median = median(job.recentSeconds) else { return nil }
    return max(leastStandstill, .seconds(10 * median) - hearing)
  }

  /// Whatever the steps' length: with what is heard late, not much longer than silence is borne.
  private var leastStandstill: Duration { settings.patience * 3 / 4 }

  /// By how much a standstill may be longer than it was heard to be: it began up to one heartbeat
  /// before the first that told of it, and is judged at a heartbeat, which may come as much later.
  private var hearing: Duration { settings.heartbeatInterval * 2 }

  /// Three generations without a commit double the patience: perhaps we are the impatient ones.
  func doublings(of job: Job?) -> Int { 1 << min(5, (job?.stalls ?? 0) / 3) }
}

/// The middle one, the lower of two; nil of none.
func median(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.sorted()[(values.count - 1) / 2]
}
