// A worker's process around its machine: what `WorkerProcess` does.

import Collectives
import Coordination
import Messages

extension Schedule {
  /// `name`: that of an earlier process, if this one replaces it.
  func startWorker(name: String? = nil) {
    started += 1
    let incarnation = Incarnation(started)
    let name = name ?? "p\(started)"
    let threads = UInt32(1 + chance.below(4))
    let introduction = Hello(
      name: name, host: "lab", hostIdentity: "lab", process: UInt32(started), build: "simulated",
      fingerprint: [], exchange: ExchangeAddress(), cores: threads, threads: threads)
    let worker = SimulatedWorker(
      incarnation: incarnation, name: name, machine: WorkerMachine(introduction: introduction))
    if chance.oneIn(4) { worker.slowness = 3 }
    workers[incarnation] = worker
    say(name, "starts")
    later(chance.below(20), .connecting(incarnation))
    later(50, .workerTick(incarnation))
  }

  func crash(_ worker: SimulatedWorker) {
    say(worker.title, "dies")
    workers[worker.incarnation] = nil
    if worker.connection != nil { reportBreak(of: worker.incarnation) }
  }

  func tick(_ worker: SimulatedWorker) {
    later(
      50 + (isHostile && chance.oneIn(50) ? chance.below(500) : 0), .workerTick(worker.incarnation))
    tell(worker, .tick)
  }

  func tell(_ worker: SimulatedWorker, _ event: WorkerEvent) {
    switch event {
    case .leave, .received(.drain): worker.isLeaving = true
    default: break
    }
    if isRecording, event != .tick { say(worker.title, describe(event)) }
    let actions = worker.machine.handle(event, at: moment)
    check(actions, of: worker)
    for action in actions {
      // Before what the machine has to say, such as that the job is finished.
      if worker.machine.isMember, !worker.unsent.isEmpty {
        for message in worker.unsent { send(message, from: worker) }
        worker.unsent = []
      }
      carryOut(action, worker)
    }
  }

  /// The one place that says what becomes of what a worker decides.
  private func carryOut(_ action: WorkerAction, _ worker: SimulatedWorker) {
    if isRecording { say(worker.title, "→ \(describe(action))") }
    switch action {
    case .send(let message): send(message, from: worker)
    case .heartbeat(let job, let generation, let phase):
      send(.heartbeat(heartbeat(job, generation, phase, worker)), from: worker)
    case .stopStep(let job, let generation): endStep(of: job, generation, worker)
    case .startJob(let prepare), .joinGeneration(let prepare): post(.prepare(prepare), worker)
    case .fetchState(let job, let generation, _, _, let digest):
      met.insert("fetched")
      post(.fetch(job, generation, digest: digest), worker)
    case .loadCheckpoint(let job, let generation, let checkpoint):
      met.insert("checkpoint")
      post(.load(job, generation, checkpoint), worker)
    case .beginAgain(let job, let generation):
      met.insert("began again")
      post(.beginAgain(job, generation), worker)
    case .openGeneration(let job, let generation): post(.open(job, generation), worker)
    case .warmUp(let prepare): post(.warmUp(prepare), worker)
    case .pause(let job, let generation, let until): pause(job, generation, until: until, worker)
    case .goOn(let job, let generation):
      guard isTraining(worker, job, generation) else { break }
      worker.training?.gate.open()
      wakeFromGate(worker)
    case .abandon(let job, let cause, _):
      let saving: SimulatedWorker.Saving =
        switch cause {
        case .cancelled: .leader
        case .drained: .thisOne
        case .finished, .failed, .left, .expelled: .nobody
        }
      post(.abandon(job, saving), worker)
    case .refused: break
    case .exit:
      met.insert("left")
      crash(worker)
    }
  }

  /// Sends a training's report, or keeps it until the coordinator is back.
  func report(_ message: WorkerMessage, from worker: SimulatedWorker) {
    if worker.machine.isMember {
      send(message, from: worker)
    } else {
      worker.unsent.append(message)
    }
  }

  private func post(_ command: SimulatedWorker.Command, _ worker: SimulatedWorker) {
    worker.commands.append(command)
    if case .idle = worker.activity { schedule(worker, in: chance.below(2)) }
  }

  /// The training thread goes on after `delay`; an earlier plan is void.
  func schedule(_ worker: SimulatedWorker, in delay: Int) {
    worker.turn += 1
    later(delay, .turn(worker.incarnation, worker.turn))
  }

  private func endStep(of job: JobID, _ generation: Generation, _ worker: SimulatedWorker) {
    worker.ended[job] = max(worker.ended[job] ?? .zero, generation)
    guard let training = worker.training, training.job == job,
      worker.hasEnded(job, training.generation)
    else { return }
    training.inbox?.held.end()
    // Whoever waits for peers wakes up; computing and files notice at their next call.
    switch worker.activity {
    case .awaiting, .held: schedule(worker, in: chance.below(2))
    default: break
    }
  }

  private func isTraining(_ worker: SimulatedWorker, _ job: JobID, _ generation: Generation) -> Bool
  {
    worker.training?.job == job && worker.training?.generation == generation
      && worker.training?.inbox != nil
  }

  /// As `WorkerJob.pause`: on the deciding thread, whatever the training is about.
  private func pause(
    _ job: JobID, _ generation: Generation, until: Position?, _ worker: SimulatedWorker
  ) {
    guard isTraining(worker, job, generation) else { return }
    if let until {
      worker.training?.gate.open(upTo: Int(until.step))
    } else {
      let reached = worker.training?.gate.close() ?? 0
      later(
        0,
        .told(
          worker.incarnation,
          .pausing(job, generation, Position(step: UInt64(reached)), isWaiting: false)))
    }
    wakeFromGate(worker)
  }

  private func wakeFromGate(_ worker: SimulatedWorker) {
    if case .held = worker.activity { schedule(worker, in: chance.below(2)) }
  }

  private func heartbeat(
    _ job: JobID?, _ generation: Generation?, _ phase: String, _ worker: SimulatedWorker
  ) -> Heartbeat {
    var beat = Heartbeat()
    beat.job = job
    beat.generation = generation
    beat.phase = phase
    guard let training = worker.training else { return beat }
    beat.position = training.state?.position ?? .beginning
    beat.rates.computeSecondsPerReplica = 0.01 * Double(worker.slowness)
    beat.rates.computeSeconds = beat.rates.computeSecondsPerReplica
    guard training.job == job, training.generation == generation, training.inbox != nil else {
      return beat
    }
    beat.activity = worker.progress
    beat.collective = UInt64(training.sums.count + 1)
    var does: Activity.Phase = training.stepsSinceBuilt == 0 ? .starting : .compute
    switch worker.activity {
    case .awaiting(let awaited):
      beat.waitsFor = awaited.sources.map { training.prepare.members[$0].worker }
      if case .roll = awaited.purpose { does = .joining }
    case .storing: does = .storing
    default: break
    }
    if phase == WorkerMachine.runningPhase {
      beat.phase = does == .compute && !beat.waitsFor.isEmpty ? "exchange" : does.word
    }
    return beat
  }
}
