import CZeroMQ
import Foundation
import Messages
import Training
import Transport

/// What a coordinator sees of many workers that compute nothing: they join, beat, get ready for
/// generations, and the first member of one reports steps. For measuring a coordinator.
package final class SimulatedWorkers {
  /// What they have done.
  package struct Tally: Sendable {
    package var members = 0
    package var heartbeats = 0
    package var reports = 0
    package var generationsOpened = 0
    /// How often the coordinator did not know one of them any more.
    package var rejoins = 0
    /// Messages that found a full queue.
    package var dropped = 0

    package init() {}
  }

  private struct Simulated {
    let socket: ZeroMQSocket
    let incarnation: Incarnation
    let name: String
    var worker: WorkerID?
    var nextHeartbeat: Double
    var nextHello: Double
    var standing: Standing?
    /// When the member that tells its job's steps has the next; nil for the others.
    var nextReport: Double?
  }

  private let context: ZeroMQContext
  private var workers: [Simulated] = []
  private var steps: [JobID: UInt64] = [:]
  package private(set) var tally = Tally()
  /// The last memberships that were read; all members are sent the same bytes.
  private var lastPrepare: (bytes: [UInt8], message: CoordinatorMessage)?

  /// Connects `count` workers; they speak once `run` is called.
  ///
  /// Throws: `TransportError`, such as when the system grants too few descriptors.
  package init(_ count: Int, join: JoinFile) throws {
    // A socket has a descriptor for its mailbox and one for its connection.
    let granted = DescriptorLimit.raise()
    guard granted >= 2 * count + 64 else {
      throw TransportError.system(
        operation: "connect \(count) workers",
        reason: "\(2 * count + 64) descriptors are needed, the system grants \(granted)")
    }
    context = try ZeroMQContext(socketsMax: Int32(clamping: count + 16))
    for index in 0..<count {
      let incarnation = freshIncarnation()
      let socket = try ZeroMQSocket(.dealer, in: context)
      try socket.secure(join.security)
      socket.bound(messageBytes: WireLimits.messageBytes, queued: 1_000)
      socket.set(
        ZMQ_ROUTING_ID, ControlPeer(role: .worker, incarnation: incarnation).identity)
      try socket.connect(join.control)
      workers.append(
        Simulated(
          socket: socket, incarnation: incarnation, name: "simulated-\(index)", nextHeartbeat: 0,
          // Not all in one moment: nobody starts thousands of processes at once.
          nextHello: MonotonicClock.seconds + 0.001 * Double(index)))
    }
  }

  /// Speaks for all of them until `isWanted` says no; it is asked every few milliseconds with the
  /// tally so far.
  package func run(while isWanted: (Tally) -> Bool) {
    while isWanted(tally) {
      let now = MonotonicClock.seconds
      for index in workers.indices {
        while let (frames, _) = workers[index].socket.receive() {
          guard let message = read(frames.first ?? []) else { continue }
          hear(message, index, now)
        }
        speak(index, now)
      }
      poll(nil, 0, 5)  // milliseconds: a twentieth of a heartbeat's interval at most
    }
  }

  /// Decodes what is new: it is the coordinator that is measured, not two thousand readers.
  private func read(_ bytes: [UInt8]) -> CoordinatorMessage? {
    if let last = lastPrepare, last.bytes == bytes { return last.message }
    guard let envelope = try? Envelope(decoding: bytes),
      let message = try? envelope.message(CoordinatorMessage.self)
    else { return nil }
    if case .prepare = message { lastPrepare = (bytes, message) }
    return message
  }

  private func speak(_ index: Int, _ now: Double) {
    guard workers[index].worker != nil else {
      if now >= workers[index].nextHello {
        workers[index].nextHello = now + 5
        send(.hello(hello(of: workers[index])), index)
      }
      return
    }
    if now >= workers[index].nextHeartbeat {
      workers[index].nextHeartbeat += 0.25
      var heartbeat = Heartbeat()
      heartbeat.job = workers[index].standing?.job
      heartbeat.generation = workers[index].standing?.generation
      heartbeat.position = Position(step: (heartbeat.job.flatMap { steps[$0] } ?? 0) << 4)
      heartbeat.phase = heartbeat.job == nil ? "idle" : "running"
      heartbeat.residentBytes = 512 << 20
      heartbeat.peakBytes = 600 << 20
      heartbeat.peakBytesPerReplica = 40 << 20
      heartbeat.activity = UInt64(tally.heartbeats)
      send(.heartbeat(heartbeat), index)
      tally.heartbeats += 1
    }
    if let standing = workers[index].standing, let next = workers[index].nextReport, now >= next {
      workers[index].nextReport = now + 0.1
      let step = steps[standing.job, default: 0] + 1
      steps[standing.job] = step
      var report = StepReport(
        position: Position(step: step << 4), step: step, stepsTotal: 1_000_000,
        loss: 1 / Double(step))
      report.samples = 4_096
      report.seconds = 0.1
      report.scalars = [NamedNumber("loss", report.loss)]
      send(
        .stepReports(
          StepReports(job: standing.job, generation: standing.generation, reports: [report])),
        index)
      tally.reports += 1
    }
  }

  private func hear(_ message: CoordinatorMessage, _ index: Int, _ now: Double) {
    switch message {
    case .welcome(let welcome):
      if workers[index].worker == nil { tally.members += 1 }
      workers[index].worker = welcome.worker
      workers[index].nextHeartbeat = now + 0.25 * Double(index) / Double(workers.count)
    case .prepare(let prepare) where prepare.isWarmUp:
      send(.warm(Warm(job: prepare.job, generation: prepare.generation)), index)
    case .prepare(let prepare):
      workers[index].standing = Standing(
        job: prepare.job, generation: prepare.generation, isOpen: false)
      let isFirst = prepare.members.first?.incarnation == workers[index].incarnation
      workers[index].nextReport = isFirst ? .infinity : nil
      send(
        .ready(Ready(job: prepare.job, generation: prepare.generation)), index)
    case .open(let opening):
      workers[index].standing = Standing(
        job: opening.job, generation: opening.generation, isOpen: true)
      guard workers[index].nextReport != nil else { break }
      workers[index].nextReport = now
      tally.generationsOpened += 1
    case .stop:
      workers[index].standing = nil
      workers[index].nextReport = nil
    case .rejoin:
      tally.rejoins += 1
      if workers[index].worker != nil { tally.members -= 1 }
      workers[index].worker = nil
      workers[index].nextHello = now
    case .pause(let pause):
      // It is always between two steps.
      let position = Position(step: (steps[pause.job] ?? 0) << 4)
      let pausing = Pausing(
        job: pause.job, generation: pause.generation, position: pause.until ?? position,
        isWaiting: pause.until != nil)
      send(.pausing(pausing), index)
    case .refused, .drain: break
    }
  }

  private func hello(of worker: Simulated) -> Hello {
    Hello(
      name: worker.name, host: "host-\(worker.name)", hostIdentity: worker.name, process: 1,
      build: Fingerprint.build, fingerprint: Fingerprint.items,
      exchange: ExchangeAddress(
        remote: "tcp://10.0.0.1:40000", password: [UInt8](repeating: 1, count: 32),
        hasAES: true),
      cores: 8, threads: 8)
  }

  private func send(_ message: WorkerMessage, _ index: Int) {
    let bytes = Envelope.encode(
      message, from: .worker, incarnation: workers[index].incarnation)
    if workers[index].socket.send([bytes]) != .sent { tally.dropped += 1 }
  }
}
