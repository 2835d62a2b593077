// What goes wrong, while it may.

import Coordination
import Messages

extension Schedule {
  /// One fault, and the next one soon.
  func disturb() {
    guard isHostile else { return }
    later(50 + chance.delay(250), .fault)
    let workers = living
    switch chance.below(28) {
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
    case 23: if chance.oneIn(3) { lossyUntil = now + chance.below(300) }
    case 24: if !workers.isEmpty { drain(chance.pick(workers)) }
    case 25: if workers.count > 1, chance.oneIn(2) { wedge(chance.pick(workers)) }
    case 26: damageNewestCheckpoint()
    default: break
    }
  }

  /// Nothing fails from here on, and there is somebody to do the work.
  func calm() {
    say("network", "from here on nothing fails")
    blocked = [:]
    blockedPairs = [:]
    lossyUntil = now
    coordinatorPausedUntil = now
    if chance.oneIn(3) { later(chance.below(3_000), .flip) }
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
    blockedPairs[Pair(worker.incarnation, other.incarnation)] = Cut(
      until: now + duration, isLossy: chance.oneIn(2))
  }

  private func pause(_ worker: SimulatedWorker) {
    met.insert("paused")
    let duration = 50 + chance.below(4_000)
    say(worker.title, "is paused for \(duration) ms")
    worker.pausedUntil = now + duration
  }

  private func drain(_ worker: SimulatedWorker) {
    guard isUp, let id = worker.machine.worker else { return }
    met.insert("drained")
    asked += 1
    feed(.drain(worker: "\(id)", reason: "maintenance", RequestID(asked)))
  }

  /// The training thread never comes back from where it is, while others wait for it.
  private func wedge(_ worker: SimulatedWorker) {
    switch worker.activity {
    case .computing, .awaiting: break
    default: return
    }
    guard let training = worker.training, training.peers.count > 0 else { return }
    say(worker.title, "is stuck")
    worker.isStuck = true
  }

  /// A file of the checkpoint on record rots.
  private func damageNewestCheckpoint() {
    guard let job = submitted.keys.sorted().last, !ledger.over.contains(job),
      let recorded = disk.jobs[job]?.checkpoint,
      let index = disk.checkpoints[job]?.firstIndex(where: { $0.reference == recorded })
    else { return }
    met.insert("damaged a checkpoint")
    say("disk", "\(recorded.name) of \(job) is damaged")
    disk.checkpoints[job]?[index].isTorn = true
  }

  /// A bit of a member's state turns over, before or after its digest is taken. One of two members
  /// at least is right then, and all of them stay to see it.
  func flip() {
    let candidates = living.filter { worker in
      guard let training = worker.training, let state = training.state, !worker.isStuck,
        training.prepare.members.count > 1, state.step + 3 < training.work.steps,
        worker.machine.standing?.isOpen == true, !isOver(worker),
        training.prepare.members.allSatisfy({ member in
          workers[member.incarnation].map { !$0.isStuck && !$0.isLeaving } ?? false
        })
      else { return false }
      return switch worker.activity {
      case .computing, .awaiting: true
      default: false
      }
    }
    guard !candidates.isEmpty else { return later(200, .flip) }
    let worker = chance.pick(candidates)
    met.insert("flipped a bit")
    say(worker.title, "has a bit turned over in its memory")
    flipped = worker.incarnation
    if chance.oneIn(2) {
      worker.spoilsNextCommit = true
    } else {
      worker.isSpoiled = true
      let state = worker.training?.state
      worker.training?.state = state?.spoiled(bit: chance.below(30))
    }
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
