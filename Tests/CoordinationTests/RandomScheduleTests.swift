import Coordination
import Messages
import Testing

@Suite struct RandomScheduleTests {
  @Test(arguments: 0..<300) func `keeps its promises under any schedule`(seed: Int) {
    var simulation = Simulation(seed: UInt64(seed))
    simulation.run()
    #expect(simulation.complaints == [], "seed \(seed)")
  }

  @Test func `meets the rare branches`() {
    var met: Set<String> = []
    for seed in 0..<300 {
      var simulation = Simulation(seed: UInt64(seed))
      simulation.run()
      met.formUnion(simulation.met)
    }
    for branch in ["fetched", "checkpoint", "rejoin", "adopted", "coordinator restarted", "left"] {
      #expect(met.contains(branch), "no schedule met: \(branch)")
    }
  }
}

/// Both machines, a network that delays, doubles, reorders and breaks, and workers that train by
/// counting: a step is committed once every member of a generation has entered it.
struct Simulation {
  private struct Process {
    var machine: WorkerMachine
    var job: PrepareGeneration?
    var committed: [JobID: Position] = [:]
    var isConnected = false
    var isOpen = false
  }

  private enum Delivery {
    case toCoordinator(Incarnation, WorkerMessage)
    case toWorker(Incarnation, CoordinatorMessage)
    case local(Incarnation, WorkerEvent)
    case broken(Incarnation)
  }

  private struct Entry: Hashable {
    var generation: Generation
    var worker: WorkerID
    var job: JobID
  }

  private var random: SplitMix
  private var coordinator = CoordinatorMachine()
  private var isUp = true
  private var records: [Record] = []
  private var processes: [Incarnation: Process] = [:]
  private var queue: [(at: Int, delivery: Delivery)] = []
  private var now = 0
  private var starts: UInt64 = 0
  private var entered: [Entry: UInt64] = [:]
  private var announced: [JobID: PrepareGeneration] = [:]
  private(set) var complaints: [String] = []
  private(set) var met: Set<String> = []

  private static let steps: UInt64 = 12
  private static let quiet = 20_000
  private static let end = 120_000

  init(seed: UInt64) { random = SplitMix(state: seed &* 0x9E37_79B9 &+ 1) }

  private var moment: Moment { Moment(.milliseconds(now)) }
  private var isHostile: Bool { now < Self.quiet }

  mutating func run() {
    let jobs = 1 + random.below(3)
    for index in 0..<jobs {
      feed(
        .submit(
          JobRequest(
            name: "\(index)", specification: "{}", replicas: 1 + random.below(6),
            workersMax: random.below(3) == 0 ? 2 : nil), RequestID(UInt64(index))))
    }
    for _ in 0..<(1 + random.below(4)) { startProcess() }
    while now < Self.end {
      now += 10
      if isHostile { disturb() }
      if now == Self.quiet {
        if !isUp { restart() }
        if processes.isEmpty { startProcess() }
      }
      deliver()
      for id in processes.keys.sorted() { train(id) }
      if now % 50 == 0 {
        if isUp { feed(.tick) }
        for id in processes.keys.sorted() { tell(id, .tick) }
      }
      if !isHostile, isUp, coordinator.status(at: moment).jobs.allSatisfy(\.state.isOver) { break }
    }
    let status = coordinator.status(at: moment)
    if status.jobs.count != jobs { complaints.append("\(status.jobs.count) of \(jobs) jobs left") }
    for job in status.jobs where job.state != .finished {
      complaints.append("\(job.job) is \(job.state.rawValue) at the end: \(job.reason)")
    }
  }

  private mutating func disturb() {
    let ids = processes.keys.sorted()
    switch random.below(400) {
    case 0 where processes.count < 6: startProcess()
    case 1 where !ids.isEmpty:
      let id = ids[random.below(ids.count)]
      processes[id] = nil
      later(random.below(3) == 0 ? 3_000 : 5, .broken(id))
    case 2 where !ids.isEmpty: breakConnection(ids[random.below(ids.count)])
    case 3 where isUp && random.below(3) == 0:
      isUp = false
      queue.removeAll { if case .toCoordinator = $0.delivery { true } else { false } }
      for id in ids { breakConnection(id) }
    case 4 where !isUp: restart()
    case 5 where ids.count > 1:
      met.insert("left")
      tell(ids[random.below(ids.count)], .leave(reason: "asked"))
    default: break
    }
  }

  private mutating func restart() {
    met.insert("coordinator restarted")
    isUp = true
    coordinator = CoordinatorMachine(records: records)
    for id in processes.keys.sorted() { connect(id) }
  }

  private mutating func startProcess() {
    starts += 1
    let id = Incarnation(starts)
    processes[id] = Process(
      machine: WorkerMachine(
        introduction: hello("p\(starts)", threads: UInt32(1 + random.below(4)))))
    connect(id)
  }

  private mutating func connect(_ id: Incarnation) {
    guard isUp, processes[id]?.isConnected == false else { return }
    processes[id]?.isConnected = true
    tell(id, .connected)
  }

  private mutating func breakConnection(_ id: Incarnation) {
    // What is under way is lost, in both directions.
    queue.removeAll { entry in
      switch entry.delivery {
      case .toCoordinator(id, _), .toWorker(id, _): true
      default: false
      }
    }
    if processes[id]?.isConnected == true, isUp { feed(.disconnected(id)) }
    processes[id]?.isConnected = false
    tell(id, .disconnected)
  }

  private mutating func later(_ delay: Int, _ delivery: Delivery) {
    queue.append((now + delay, delivery))
  }

  private mutating func deliver() {
    for id in processes.keys.sorted() where isUp && random.below(20) == 0 { connect(id) }
    let due = queue.filter { $0.at <= now }
    queue.removeAll { $0.at <= now }
    for entry in due {
      switch entry.delivery {
      case .toCoordinator(let sender, let message): if isUp { feed(.worker(sender, message)) }
      case .toWorker(let id, let message): tell(id, .received(message))
      case .local(let id, let event): tell(id, event)
      case .broken(let id): if isUp { feed(.disconnected(id)) }
      }
    }
  }

  private mutating func transmit(_ delivery: Delivery) {
    later(1 + random.below(isHostile ? 60 : 10), delivery)
    if isHostile, random.below(12) == 0 { later(1 + random.below(400), delivery) }
  }

  private mutating func feed(_ event: CoordinatorEvent) {
    for action in coordinator.handle(event, at: moment) {
      switch action {
      case .persist(let record): records.append(record)
      case .send(let message, let id):
        check(message)
        transmit(.toWorker(id, message))
      case .announce(let event):
        if event.text.contains("found again") { met.insert("adopted") }
      case .answer, .record, .jobEnded: break
      }
    }
  }

  private mutating func check(_ message: CoordinatorMessage) {
    if case .rejoin = message { met.insert("rejoin") }
    guard case .prepare(let prepare) = message else { return }
    var next = 0
    for member in prepare.members {
      if member.replicas.first != next { complaints.append("\(prepare.generation) has a gap") }
      next = member.replicas.range.upperBound
    }
    if next != prepare.replicas { complaints.append("\(prepare.generation) lacks replicas") }
    let isDurable = records.contains {
      guard case .job(let record) = $0 else { return false }
      return record.job == prepare.job && record.generation == prepare.generation
        && record.members == prepare.members
    }
    if !isDurable { complaints.append("\(prepare.generation) was announced before durable") }
    if let before = announced[prepare.job] {
      let isRepeated = before.generation == prepare.generation && before.members == prepare.members
      if !(prepare.generation > before.generation || isRepeated) {
        complaints.append("\(prepare.job): \(prepare.generation) after \(before.generation)")
      }
    }
    announced[prepare.job] = prepare
  }

  private mutating func tell(_ id: Incarnation, _ event: WorkerEvent) {
    guard var process = processes[id] else { return }
    let actions = process.machine.handle(event, at: moment)
    processes[id] = process
    for action in actions { perform(action, id) }
  }

  private mutating func perform(_ action: WorkerAction, _ id: Incarnation) {
    switch action {
    case .send(let message): transmitIfConnected(id, message)
    case .heartbeat(let job, let generation, _):
      var beat = Heartbeat()
      beat.job = job
      beat.generation = generation
      if let job { beat.position = processes[id]?.committed[job] ?? .beginning }
      transmitIfConnected(id, .heartbeat(beat))
    case .stopStep: processes[id]?.isOpen = false
    case .startJob(let prepare):
      processes[id]?.committed[prepare.job] = nil
      join(prepare, id)
    case .joinGeneration(let prepare): join(prepare, id)
    case .fetchState(let job, let generation, let source, let position, _):
      met.insert("fetched")
      let holder = processes.values.first { $0.machine.worker == source }
      // A source that died takes the generation along; then another one comes.
      guard holder?.committed[job] == position else { return }
      processes[id]?.committed[job] = position
      later(1 + random.below(50), .local(id, .stateReady(job, generation)))
    case .loadCheckpoint(let job, let generation, let checkpoint):
      met.insert("checkpoint")
      processes[id]?.committed[job] = checkpoint.position
      later(1 + random.below(50), .local(id, .stateReady(job, generation)))
    case .beginAgain(let job, let generation):
      processes[id]?.committed[job] = .beginning
      later(1 + random.below(50), .local(id, .stateReady(job, generation)))
    case .openGeneration(let job, let generation):
      if processes[id]?.job?.generation != generation {
        complaints.append("\(generation) was opened unprepared")
      }
      processes[id]?.isOpen = true
      let committed = processes[id]?.committed[job] ?? .beginning
      processes[id]?.committed[job] = committed
    case .abandon(let job, _, _):
      processes[id]?.isOpen = false
      processes[id]?.job = nil
      processes[id]?.committed[job] = nil
    case .refused: break
    case .exit:
      processes[id] = nil
      later(5, .broken(id))
    }
  }

  private mutating func transmitIfConnected(_ id: Incarnation, _ message: WorkerMessage) {
    if processes[id]?.isConnected == true { transmit(.toCoordinator(id, message)) }
  }

  private mutating func join(_ prepare: PrepareGeneration, _ id: Incarnation) {
    if processes[id]?.isOpen == true { complaints.append("joined while a step was under way") }
    processes[id]?.job = prepare
    let committed = processes[id]?.committed[prepare.job]
    later(
      1 + random.below(100),
      .local(
        id,
        .prepared(
          prepare.job, prepare.generation, committed: committed,
          digest: committed.map { "\($0)" } ?? "")))
  }

  private mutating func train(_ id: Incarnation) {
    guard let process = processes[id], process.isOpen, let prepare = process.job,
      let worker = prepare.members.first(where: { $0.incarnation == id })?.worker,
      let position = process.committed[prepare.job]
    else { return }
    guard position.step < Self.steps else {
      if prepare.members[0].incarnation == id {
        tell(id, .finished(prepare.job, prepare.generation, scores: [], artifacts: []))
      }
      return
    }
    let here = Entry(generation: prepare.generation, worker: worker, job: prepare.job)
    entered[here] = max(entered[here] ?? 0, position.step + 1)
    let everybody = prepare.members.allSatisfy {
      let entry = Entry(generation: prepare.generation, worker: $0.worker, job: prepare.job)
      return entered[entry] ?? 0 >= position.step + 1
    }
    guard everybody, random.below(4) == 0 else { return }
    var next = position
    next.step += 1
    processes[id]?.committed[prepare.job] = next
    guard prepare.members[0].incarnation == id else { return }
    let report = StepReport(
      position: next, step: next.step, stepsTotal: Self.steps, loss: 1)
    transmitIfConnected(
      id,
      .stepReports(
        StepReports(job: prepare.job, generation: prepare.generation, reports: [report])))
    if next.step % 5 == 0, isUp {
      feed(
        .checkpointStored(
          prepare.job, Checkpoint(name: "c\(next.step)", position: next, sha256: "")))
    }
  }
}

private struct SplitMix {
  var state: UInt64

  mutating func below(_ count: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(count))
  }
}
