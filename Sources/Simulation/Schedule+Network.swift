// Connections between workers and the coordinator, and frames between workers.
//
// A connection loses nothing while it stands, but delays, reorders and doubles; when it breaks,
// what is under way is lost in both directions, and each side hears of it in its own time.

import Collectives
import Coordination
import Messages

extension Schedule {
  private func delay() -> Int { isHostile ? chance.delay(40) : 1 + chance.below(8) }

  private func transmit(_ happening: Happening) {
    later(delay(), happening)
    if isHostile, chance.oneIn(15) { later(chance.delay(300), happening) }
  }

  func send(_ message: CoordinatorMessage, to receiver: Incarnation) {
    guard let worker = workers[receiver], let connection = worker.connection else { return }
    transmit(.toWorker(receiver, connection: connection, message))
  }

  func send(_ message: WorkerMessage, from worker: SimulatedWorker) {
    guard let connection = worker.connection else { return }
    transmit(.toCoordinator(worker.incarnation, connection: connection, message))
  }

  func deliver(
    _ message: CoordinatorMessage, to worker: SimulatedWorker, _ connection: Int,
    _ happening: Happening
  ) {
    guard worker.connection == connection else { return }
    if let until = blocked[worker.incarnation], until > now {
      timetable.add(happening, at: until + 1)
      return
    }
    if case .rejoin = message { met.insert("rejoin") }
    tell(worker, .received(message))
  }

  func connect(_ worker: SimulatedWorker) {
    guard worker.connection == nil else { return }
    guard isUp, blocked[worker.incarnation] ?? 0 <= now else {
      later(200 + chance.below(200), .connecting(worker.incarnation))
      return
    }
    connections += 1
    worker.connection = connections
    say(worker.title, "is connected")
    tell(worker, .connected)
  }

  func breakConnection(_ worker: SimulatedWorker) {
    guard worker.connection != nil else { return }
    say("network", "\(worker.title) – coordinator breaks")
    worker.connection = nil
    later(chance.delay(10), .workerNoticesBreak(worker.incarnation))
    reportBreak(of: worker.incarnation)
  }

  /// The coordinator hears at once that a connection is gone, or late: after silence spoke first.
  func reportBreak(of incarnation: Incarnation) {
    let delay = chance.oneIn(4) ? 3_000 : chance.delay(10)
    later(delay, .coordinatorNoticesBreak(incarnation, connection: life))
  }

  func noticeBreak(_ worker: SimulatedWorker) {
    tell(worker, .disconnected)
    later(chance.delay(50), .connecting(worker.incarnation))
  }

  /// Sends a payload in up to three pieces, which arrive in order.
  func send(
    _ payload: Payload, _ call: ExchangeCall, to index: Int, from worker: SimulatedWorker,
    _ training: SimulatedWorker.Training
  ) {
    let member = training.prepare.members[index]
    let receiver = member.incarnation
    let mine = training.prepare.members[training.index].worker
    let isRelayed = training.prepare.relayed.contains { $0.other(than: mine) == member.worker }
    var relay: Frame.Relay?
    if isRelayed {
      met.insert("relayed")
      guard isUp, let sending = worker.connection,
        let receiving = workers[receiver]?.connection
      else { return }
      relay = Frame.Relay(life: life, sender: sending, receiver: receiving)
    }
    let total =
      switch payload {
      case .roll: 0
      case .state: 1 + chance.below(300)
      case .partials(let values, _): values.count * 16
      }
    var offset = 0
    var time = delay()
    let isDoubled = isHostile && chance.oneIn(15)
    repeat {
      let length = min(total - offset, max(16, (total + 2) / 3))
      let frame = Frame(
        job: training.job, generation: training.generation, sender: worker.incarnation,
        receiver: receiver, call: call,
        piece: Arrivals.Piece(offset: offset, length: length, total: total), payload: payload,
        relay: relay)
      later(time, .frame(frame))
      if isDoubled { later(time + chance.delay(300), .frame(frame)) }
      time += chance.below(3)
      offset += length
    } while offset < total
  }

  /// Whether a frame gets through now; it may be lost, or come later.
  private func arrives(_ frame: Frame, _ worker: SimulatedWorker) -> Bool {
    if let relay = frame.relay {
      guard isUp, relay.life == life, worker.connection == relay.receiver,
        workers[frame.sender]?.connection == relay.sender
      else {
        met.insert("lost a relayed frame")
        return false
      }
      let until = max(blocked[frame.sender] ?? 0, blocked[frame.receiver] ?? 0)
      guard until > now else { return true }
      timetable.add(.frame(frame), at: until + 1)
      return false
    }
    if let cut = blockedPairs[Pair(frame.sender, frame.receiver)], cut.until > now {
      if !cut.isLossy { timetable.add(.frame(frame), at: cut.until + 1) }
      return false
    }
    guard lossyUntil > now, chance.oneIn(8) else { return true }
    met.insert("lost a frame")
    return false
  }

  /// What the endpoint's thread does with a message: the shipped rules say where it belongs.
  func take(_ frame: Frame, _ worker: SimulatedWorker) {
    guard arrives(frame, worker) else { return }
    worker.progress += 1
    let (job, generation) = (frame.job.number, frame.generation.number)
    var inbox = worker.inboxes.inbox(job: job, generation: generation) {
      SimulatedWorker.Arrival()
    }
    if inbox == nil { met.insert("dropped an older frame") }
    if defect == .olderFramesAccepted, let training = worker.training, training.job == frame.job,
      frame.generation < training.generation
    {
      inbox = training.inbox
    }
    let isAhead = worker.training.map {
      frame.generation > $0.generation
        || frame.call.serial != .max && frame.call.serial > UInt64($0.state?.step ?? 0) + 1
    }
    if isAhead ?? true { met.insert("held a newer frame") }
    if defect == .newerFramesDropped, isAhead ?? true { return }
    guard let inbox else { return }
    let key = Arrivals.Key(call: frame.call, sender: frame.sender.number)
    let taken = inbox.held.add(frame.piece, of: key) { frame.payload }
    if taken == nil { met.insert("dropped a doubled piece") }
    check(inbox, of: worker)
    if taken != nil, frame.piece.isLast, inbox === worker.training?.inbox { proceed(worker) }
  }
}
