import Messages

// Who hosts which replicas: arithmetic alone, so that every rule about placement is on one page.

/// A worker as placement sees it.
package struct Candidate: Hashable, Sendable {
  package var worker: WorkerID
  /// Threads that compute at once; at least 1 is assumed.
  package var threads: Int
  /// How many replicas its memory holds; `Int.max` if unknown.
  package var replicasMax: Int
  /// Time of one replica, in any unit that all candidates share; at least 1 is assumed.
  package var cost: Int

  package init(worker: WorkerID, threads: Int, replicasMax: Int = .max, cost: Int = 1) {
    self.worker = worker
    self.threads = max(1, threads)
    self.replicasMax = replicasMax
    self.cost = max(1, cost)
  }
}

package struct Assignment: Hashable, Sendable {
  package var worker: WorkerID
  package var replicas: ReplicaRange
}

package enum Placement: Hashable, Sendable {
  /// Contiguous ranges that partition the replicas, in the order of the workers' numbers.
  case placed([Assignment])
  /// The workers together hold only so many replicas.
  case tooSmall(fits: Int)
}

/// Spreads `replicas` over at most `replicas` of the workers, in proportion to their
/// threads over their cost.
///
/// Every chosen worker hosts at least one and never more than its memory holds. With more workers
/// than replicas those with most threads are chosen, then the lower numbers; the rest are spares.
/// The order of `workers` does not matter.
package func assign(replicas: Int, workers: [Candidate]) -> Placement {
  precondition(replicas > 0, "assign: \(replicas) replicas")
  let able = workers.filter { $0.replicasMax > 0 }
    .sorted { ($1.threads, $0.worker) < ($0.threads, $1.worker) }
  var chosen = Array(able.prefix(replicas))
  // Few threads with much memory may be needed where many threads with little do not suffice.
  if room(chosen, replicas) < replicas {
    chosen = Array(
      able.sorted { ($1.replicasMax, $0.worker) < ($0.replicasMax, $1.worker) }.prefix(replicas))
  }
  guard room(chosen, replicas) >= replicas else {
    return .tooSmall(fits: room(able, replicas))
  }
  chosen.sort { $0.worker < $1.worker }

  var counts = [Int](repeating: 1, count: chosen.count)
  for _ in 0..<(replicas - chosen.count) {
    var best: Int?
    for index in chosen.indices where counts[index] < chosen[index].replicasMax {
      guard let other = best else {
        best = index
        continue
      }
      // (counts + 1) · cost / threads is the time of a step there; compared crosswise, without
      // rounding.
      let here = (counts[index] + 1) * chosen[index].cost * chosen[other].threads
      let there = (counts[other] + 1) * chosen[other].cost * chosen[index].threads
      if here < there { best = index }
    }
    guard let best else { break }
    counts[best] += 1
  }

  var first = 0
  var assignments: [Assignment] = []
  for (candidate, count) in zip(chosen, counts) {
    assignments.append(
      Assignment(worker: candidate.worker, replicas: ReplicaRange(first: first, count: count)))
    first += count
  }
  return .placed(assignments)
}

private func room(_ workers: [Candidate], _ replicas: Int) -> Int {
  workers.reduce(0) { $0 + min(replicas, $1.replicasMax) }
}
