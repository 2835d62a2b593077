// One schedule: both shipped machines and the shipped rules of the exchange in virtual time, on a
// network, disks and processes that do their worst until they are told to be quiet.

import Coordination
import Messages

/// What became of one schedule.
package struct ScheduleOutcome: Sendable {
  package let seed: UInt64
  /// What was promised and not kept; the schedule ends at the first such moment.
  package let complaints: [String]
  /// Rare branches that were taken, for the test that all of them are reachable.
  package let met: Set<String>
  /// A line for everything that happened, if asked for.
  package let transcript: [String]
}

/// Runs the schedule of a seed. The same seed and build give the same schedule.
///
/// `isRecording`: whether the outcome has a transcript.
package func runSchedule(
  seed: UInt64, defect: Defect? = nil, isRecording: Bool = false
) -> ScheduleOutcome {
  let schedule = Schedule(seed: seed, defect: defect, isRecording: isRecording)
  schedule.run()
  return ScheduleOutcome(
    seed: seed, complaints: schedule.complaints, met: schedule.met,
    transcript: schedule.transcript)
}

final class Schedule {
  /// Milliseconds after the end of all faults within which every job must be done.
  static let patience = 60_000
  static let workersMax = 6

  let seed: UInt64
  let defect: Defect?
  let isRecording: Bool
  var chance: Chance
  var now = 0
  var timetable = Timetable<Happening>()
  /// When faults end.
  let quietFrom: Int

  var jobs: [SimulatedJob] = []
  var workers: [Incarnation: SimulatedWorker] = [:]
  var started: UInt64 = 0
  var connections = 0
  /// Until when nothing passes between a worker and the coordinator, or between two workers.
  var blocked: [Incarnation: Int] = [:]
  var blockedPairs: [Pair: Cut] = [:]
  /// Until when frames get lost now and then.
  var lossyUntil = 0
  /// The worker whose memory changed by itself, if one did.
  var flipped: Incarnation?
  var isFlipFound = false

  var coordinator = CoordinatorMachine()
  var isUp = true
  /// Counts the coordinator's starts, so that what an earlier one began does not reach a later one.
  var life = 0
  var coordinatorPausedUntil = 0
  /// Actions that the coordinator will still carry out before it dies; nil for no such plan.
  var actionsLeft: Int?
  var disk = Disk()
  var questions: [RequestID: Int] = [:]
  var asked: UInt64 = 0
  /// Submissions that were answered.
  var submitted: [JobID: Int] = [:]
  var cancelled: Set<JobID> = []

  var ledger = Ledger()
  var complaints: [String] = []
  var met: Set<String> = []
  var transcript: [String] = []

  init(seed: UInt64, defect: Defect?, isRecording: Bool) {
    (self.seed, self.defect, self.isRecording) = (seed, defect, isRecording)
    chance = Chance(seed: seed)
    quietFrom = 2_000 + chance.below(8_000)
    for index in 0..<(1 + chance.below(3)) {
      jobs.append(SimulatedJob(index: index, seed: seed, &chance))
    }
  }

  var moment: Moment { Moment(.milliseconds(now)) }
  var isHostile: Bool { now < quietFrom }
  /// The living processes, in the order of their start.
  var living: [SimulatedWorker] {
    workers.values.sorted { $0.incarnation < $1.incarnation }
  }

  func later(_ delay: Int, _ happening: Happening) { timetable.add(happening, at: now + delay) }

  func run() {
    later(0, .coordinatorStart)
    for index in jobs.indices { later(chance.below(800), .submission(index)) }
    for _ in 0..<(1 + chance.below(4)) { startWorker() }
    later(chance.below(400), .fault)
    timetable.add(.quiet, at: quietFrom)
    while complaints.isEmpty, let (time, happening) = timetable.next() {
      now = time
      happen(happening)
      if isDone { return checkEnds() }
      if now > quietFrom + Self.patience { complainOfDelay() }
    }
  }

  private func happen(_ happening: Happening) {
    switch happening {
    case .submission(let index): submit(index)
    case .fault: disturb()
    case .quiet: calm()
    case .coordinatorStart: startCoordinator()
    case .coordinatorTick(let life): tickCoordinator(life)
    case .coordinatorNoticesBreak(let incarnation, let connection):
      coordinatorNotices(incarnation, connection)
    case .toCoordinator(let sender, let connection, let message):
      deliver(message, from: sender, connection, happening)
    case .checkpointStored(let job, let checkpoint, let life):
      if isUp, life == self.life { feed(.checkpointStored(job, checkpoint)) }
    case .flip: flip()
    case .connecting(let id), .workerTick(let id), .workerNoticesBreak(let id),
      .toWorker(let id, _, _), .told(let id, _), .turn(let id, _):
      if let worker = awake(id, happening) { happen(happening, to: worker) }
    case .frame(let frame):
      if let worker = awake(frame.receiver, happening) { take(frame, worker) }
    }
  }

  /// The worker, unless it is gone; what reaches a paused process waits until it goes on.
  private func awake(_ id: Incarnation, _ happening: Happening) -> SimulatedWorker? {
    guard let worker = workers[id] else { return nil }
    guard worker.pausedUntil <= now else {
      timetable.add(happening, at: worker.pausedUntil)
      return nil
    }
    return worker
  }

  private func happen(_ happening: Happening, to worker: SimulatedWorker) {
    switch happening {
    case .connecting: connect(worker)
    case .workerTick: tick(worker)
    case .workerNoticesBreak: noticeBreak(worker)
    case .toWorker(_, let connection, let message):
      deliver(message, to: worker, connection, happening)
    case .told(_, let event): tell(worker, event)
    case .turn(_, let number):
      if worker.turn == number, !worker.isStuck { goOn(worker) }
    default: break
    }
  }

  /// Whether all jobs are over and nobody holds one any more.
  private var isDone: Bool {
    guard isUp, submitted.count == jobs.count, disk.jobs.values.allSatisfy(\.state.isOver) else {
      return false
    }
    return workers.values.allSatisfy { $0.machine.standing == nil }
  }

  /// A coordinator that died after the record of a job's end had no time to say so.
  private func checkEnds() {
    for job in disk.jobs.keys.sorted() where !ledger.over.contains(job) {
      if let record = disk.jobs[job] { checkEnd(of: job, record.state) }
    }
    if flipped != nil, !isFlipFound { complain("nobody noticed the bit that turned over") }
  }

  private func complainOfDelay() {
    var open = disk.jobs.values.filter { !$0.state.isOver }.map { "\($0.job)" }.sorted()
    open += jobs.indices.filter { index in !submitted.values.contains(index) }.map {
      "submission \($0)"
    }
    let holders = living.compactMap { worker in
      worker.machine.standing.map { "\(worker.title) holds \($0.job) \($0.generation)" }
    }
    complain(
      """
      \(Self.patience / 1000) s after the last fault not everything is done: \
      \((open + holders).joined(separator: ", "))
      """)
  }

  func complain(_ text: String) {
    complaints.append(text)
    say("check", text)
  }

  /// A line of the transcript: time, who, what.
  func say(_ who: String, _ what: @autoclosure () -> String) {
    guard isRecording else { return }
    let time = "\(now / 1000).\(String(now % 1000 + 1000).dropFirst())"
    transcript.append(
      String(repeating: " ", count: max(0, 8 - time.count)) + time + "  "
        + who + String(repeating: " ", count: max(1, 12 - who.count)) + what())
  }
}

/// Two workers, whichever way round.
struct Pair: Hashable {
  let lower: Incarnation
  let upper: Incarnation

  init(_ a: Incarnation, _ b: Incarnation) { (lower, upper) = a < b ? (a, b) : (b, a) }
}

/// Nothing passes between two workers.
struct Cut {
  let until: Int
  /// Whether frames are lost, not delayed.
  let isLossy: Bool
}

/// What survives the coordinator.
struct Disk {
  struct StoredCheckpoint {
    let reference: Checkpoint
    let state: ModelState
    /// Cut off in the middle, or damaged later; its manifest is missing or does not fit.
    var isTorn: Bool
  }

  var jobs: [JobID: JobRecord] = [:]
  var workersIssued: UInt32 = 0
  var checkpoints: [JobID: [StoredCheckpoint]] = [:]
  /// What reports said, in the order in which they came; the end may be lost with the coordinator.
  var diary: [JobID: [CommitDigest]] = [:]

  var records: [Record] {
    [.workersIssued(workersIssued)] + jobs.keys.sorted().compactMap { jobs[$0].map(Record.job) }
  }
}
