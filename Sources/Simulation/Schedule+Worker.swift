// A worker's process around its machine: what `WorkerProcess` does.

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
      var beat = Heartbeat()
      beat.job = job
      beat.generation = generation
      beat.phase = phase
      beat.position = worker.training?.state?.position ?? .beginning
      send(.heartbeat(beat), from: worker)
    case .stopStep(let job, let generation): endStep(of: job, generation, worker)
    case .startJob(let prepare), .joinGeneration(let prepare): post(.prepare(prepare), worker)
    case .fetchState(let job, let generation, _, _, let digest):
      met.insert("fetched")
      post(.fetch(job, generation, digest: digest), worker)
    case .loadCheckpoint(let job, let generation, let checkpoint):
      met.insert("checkpoint")
      post(.load(job, generation, checkpoint), worker)
    case .openGeneration(let job, let generation): post(.open(job, generation), worker)
    case .abandon(let job, _, _): post(.abandon(job), worker)
    case .warmUp, .pause, .goOn, .beginAgain, .refused: break
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
    if case .awaiting = worker.activity { schedule(worker, in: chance.below(2)) }
  }
}
