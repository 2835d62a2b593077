// Ways between two workers that do not work: they exchange through the coordinator instead.

import Messages

/// A pair of workers, as the processes they were, that exchanges through the coordinator.
struct Relay: Hashable, Sendable {
  let lower: Incarnation
  let upper: Incarnation
  let since: Moment
}

extension CoordinatorMachine {
  /// The way between two members failed. The first time they get another, through the coordinator;
  /// if that fails, too, the one with fewer good links goes, then the one with the higher number.
  mutating func breakLink(
    _ pair: RelayedPair, of id: JobID, _ reason: String, _ now: Moment
  ) {
    guard let job = jobs[id], let lower = workers[pair.lower], let upper = workers[pair.upper]
    else { return }
    if job.relayed[pair] != nil || job.relayed.count >= WireLimits.listCount {
      let guilty = worse(of: pair, in: job)
      exclude(
        guilty, from: id, "its link to \(pair.other(than: guilty) ?? guilty) failed: \(reason)",
        now)
      return
    }
    jobs[id]?.relayed[pair] = Relay(
      lower: lower.incarnation, upper: upper.incarnation, since: now)
    jobs[id]?.broken = "the link \(pair) failed: \(reason)"
    announce(
      .linkRelayed, job: id, generation: job.record.generation,
      "\(pair) exchange through the coordinator: \(reason)")
  }

  private func worse(of pair: RelayedPair, in job: Job) -> WorkerID {
    func bad(_ worker: WorkerID) -> Int {
      job.relayed.keys.count { $0.other(than: worker) != nil }
    }
    return bad(pair.lower) > bad(pair.upper) ? pair.lower : pair.upper
  }

  /// The direct way is tried again after a while, and when one of the two is a new process.
  func relaysThatStay(_ job: Job, _ now: Moment) -> [RelayedPair: Relay] {
    job.relayed.filter { pair, relay in
      workers[pair.lower]?.incarnation == relay.lower
        && workers[pair.upper]?.incarnation == relay.upper
        && now - relay.since < settings.detour
    }
  }

  /// The relayed pairs among the members, in order.
  func relayedPairs(of job: Job) -> [RelayedPair] {
    guard !job.relayed.isEmpty else { return [] }
    let members = Set(job.record.members.map(\.worker))
    return job.relayed.keys.filter { members.contains($0.lower) && members.contains($0.upper) }
      .sorted()
  }
}
