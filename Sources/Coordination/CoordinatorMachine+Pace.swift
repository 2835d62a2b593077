// How fast each member is, and whether replicas should move from one to another.

import Messages

/// Whom the heartbeats of a job waited for, over the last seconds.
struct WaitTally: Hashable, Sendable {
  var since: Moment?
  var heard = 0
  var counts: [WorkerID: Int] = [:]
}

extension CoordinatorMachine {
  /// How long heartbeats are counted to say for whom the others wait.
  private static let tallied = Duration.seconds(10)

  mutating func notePace(_ heartbeat: Heartbeat, of id: WorkerID, in job: inout Job, _ now: Moment)
  {
    guard var worker = workers[id] else { return }
    if worker.paceJob != job.record.job {
      (worker.pace, worker.paceJob, worker.pacePosition) = (Pace(), job.record.job, nil)
    }
    if heartbeat.position != worker.pacePosition, heartbeat.rates.computeSecondsPerReplica > 0 {
      worker.pace.add(heartbeat.rates)
      worker.pacePosition = heartbeat.position
    }
    workers[id] = worker

    let members = job.record.members
    job.waits.heard += 1
    // Who waits for most of the others says nothing of one of them.
    if heartbeat.waitsFor.count <= max(1, (members.count - 1) / 2) {
      for awaited in Set(heartbeat.waitsFor) where workers[awaited]?.job == job.record.job {
        job.waits.counts[awaited, default: 0] += 1
      }
    }
    let since = job.waits.since ?? now
    job.waits.since = since
    guard now - since >= Self.tallied else { return }
    // Nobody waits for itself: of the heartbeats heard, those of the others could have.
    let others = Double(job.waits.heard) * Double(max(1, members.count - 1)) / Double(members.count)
    for member in members {
      let count = Double(job.waits.counts[member.worker] ?? 0)
      workers[member.worker]?.pace.awaited = min(1, count / max(1, others))
    }
    job.waits = WaitTally(since: now)
  }

  /// The members' paces, of those that are known.
  func paces(of job: Job) -> [WorkerID: Pace] {
    var result: [WorkerID: Pace] = [:]
    for member in job.record.members {
      guard let worker = workers[member.worker], worker.paceJob == job.record.job else { continue }
      result[member.worker] = worker.pace
    }
    return result
  }

  /// Microseconds of a replica on each worker whose pace is known, where the job wants them to
  /// decide; who is new counts as the median one.
  func replicaCosts(of job: Job) -> (known: [WorkerID: Int], usual: Int) {
    guard job.record.request.rebalances == true else { return ([:], 1) }
    let known = paces(of: job).filter { $0.value.steps >= 5 }
      .mapValues { max(1, Int(min(1e9, $0.computePerReplica * 1e6))) }
    let sorted = known.values.sorted()
    return (known, sorted.isEmpty ? 1 : sorted[(sorted.count - 1) / 2])
  }

  /// Moves replicas off slow members of jobs that ask for it, when a step gains a fifth or more:
  /// less would be eaten by the change, and numbers that waver must not move them to and fro.
  mutating func balance(_ now: Moment) {
    for id in jobs.keys.sorted() {
      guard let job = jobs[id], job.record.request.rebalances == true,
        case .open(let since) = job.phase,
        job.broken == nil, job.pause == nil,
        now - max(since, job.balancedAt ?? since) >= settings.rebalancing
      else { continue }
      jobs[id]?.balancedAt = now
      let costs = replicaCosts(of: job).known
      let members = job.record.members
      guard members.count > 1, costs.count == members.count,
        case .placed(let better) = assign(
          replicas: job.record.request.replicas,
          workers: members.compactMap { member in
            workers[member.worker].map { candidate($0, for: job, cost: costs[$0.id] ?? 1) }
          })
      else { continue }
      func seconds(_ worker: WorkerID, _ replicas: Int) -> Double {
        Double(replicas * (costs[worker] ?? 1)) / Double(workers[worker]?.threads ?? 1) * 1e-6
      }
      let present = members.map { seconds($0.worker, $0.replicas.count) }.max() ?? 0
      let possible = better.map { seconds($0.worker, $0.replicas.count) }.max() ?? 0
      guard possible <= 0.8 * present else { continue }
      let gain = Int((100 * (1 - possible / present)).rounded())
      pause(id, for: "replicas move off slow workers: \(gain) % less time to compute a step")
    }
  }
}
