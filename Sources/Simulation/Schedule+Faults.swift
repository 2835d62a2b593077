// What goes wrong, while it may.

import Coordination
import Messages

extension Schedule {
  /// One fault, and the next one soon.
  func disturb() {
    guard isHostile else { return }
    later(50 + chance.delay(250), .fault)
    let workers = living
    switch chance.below(24) {
    case 0, 1: if workers.count < Self.workersMax { startWorker() }
    case 2, 3, 4: if !workers.isEmpty { replace(chance.pick(workers)) }
    case 5, 6, 7: if !workers.isEmpty { breakConnection(chance.pick(workers)) }
    case 8, 9, 10: if !workers.isEmpty { separate(chance.pick(workers)) }
    case 11, 12, 13: if workers.count > 1 { separate(chance.pick(workers), chance.pick(workers)) }
    case 14, 15, 16: if !workers.isEmpty { pause(chance.pick(workers)) }
    case 17, 18: crashCoordinatorSomewhere()
    case 19:
      let duration = chance.below(2_500)
      say("coordinator", "is paused for \(duration) ms")
      coordinatorPausedUntil = now + duration
    case 20:
      if workers.count > 1 { tell(chance.pick(workers), .leave(reason: "asked to go")) }
    case 21: if chance.oneIn(4) { for worker in workers { replace(worker) } }
    case 22: if chance.oneIn(6), let job = submitted.keys.sorted().last { cancel(job) }
    default: break
    }
  }

  /// Nothing fails from here on, and there is somebody to do the work.
  func calm() {
    say("network", "from here on nothing fails")
    blocked = [:]
    blockedPairs = [:]
    coordinatorPausedUntil = now
    actionsLeft = nil
    for worker in living { worker.pausedUntil = now }
    startWorker()
  }

  /// A process dies; half of the time another takes its place, under the same name or a new one.
  private func replace(_ worker: SimulatedWorker) {
    crash(worker)
    guard chance.oneIn(2) else { return }
    startWorker(name: chance.oneIn(2) ? worker.name : nil)
  }

  private func separate(_ worker: SimulatedWorker) {
    met.insert("partitioned")
    let duration = 50 + chance.below(4_000)
    say("network", "nothing passes between \(worker.title) and the coordinator for \(duration) ms")
    blocked[worker.incarnation] = now + duration
    if chance.oneIn(2) { breakConnection(worker) }
  }

  private func separate(_ worker: SimulatedWorker, _ other: SimulatedWorker) {
    guard worker !== other else { return }
    met.insert("partitioned from a worker")
    let duration = 50 + chance.below(4_000)
    say("network", "nothing passes between \(worker.title) and \(other.title) for \(duration) ms")
    blockedPairs[Pair(worker.incarnation, other.incarnation)] = now + duration
  }

  private func pause(_ worker: SimulatedWorker) {
    met.insert("paused")
    let duration = 50 + chance.below(4_000)
    say(worker.title, "is paused for \(duration) ms")
    worker.pausedUntil = now + duration
  }

  /// At once, or in the middle of what it does next.
  private func crashCoordinatorSomewhere() {
    guard isUp else { return }
    if chance.oneIn(3) { crashCoordinator() } else { actionsLeft = chance.below(12) }
  }

  private func cancel(_ job: JobID) {
    guard isUp, !ledger.over.contains(job) else { return }
    met.insert("cancelled")
    cancelled.insert(job)
    asked += 1
    feed(.cancel(job, reason: "asked to", RequestID(asked)))
  }
}
