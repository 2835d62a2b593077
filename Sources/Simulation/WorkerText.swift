// The worker's side of a transcript, one line each.

import Coordination
import Messages

func describe(_ message: WorkerMessage) -> String {
  switch message {
  case .hello(let hello):
    "hello" + (hello.standing.map { " from \($0.job) \($0.generation)" } ?? "")
  case .heartbeat(let beat): "heartbeat at \(beat.position), \(beat.phase)"
  case .ready(let ready):
    "ready for \(ready.job) \(ready.generation) at \(ready.committed.map { "\($0)" } ?? "nothing")"
  case .stepReports(let reports):
    "\(reports.job) steps \(reports.reports.map { "\($0.step)" }.joined(separator: " "))"
  case .failed(let failure):
    "\(failure.job) \(failure.generation) failed, blame \(failure.blame.rawValue): \(failure.reason)"
  case .finished(let finished): "\(finished.job) \(finished.generation) finished"
  case .leave(let leave): "leave: \(leave.reason)"
  case .pausing(let pausing):
    "\(pausing.job) \(pausing.generation) \(pausing.isWaiting ? "waits" : "pauses") at "
      + "\(pausing.position)"
  case .warm(let warm): "warm for \(warm.job) \(warm.generation)"
  }
}

func describe(_ event: WorkerEvent) -> String {
  switch event {
  case .connected: "connected"
  case .disconnected: "disconnected"
  case .received(let message): "hears \(describe(message))"
  case .tick: "tick"
  case .prepared(let job, let generation, let committed, _):
    "prepared \(job) \(generation) at \(committed.map { "\($0)" } ?? "nothing")"
  case .stateReady(let job, let generation): "has the state of \(job) \(generation)"
  case .failed(let job, let generation, _, let reason, _, _): "\(job) \(generation): \(reason)"
  case .finished(let job, let generation, _, _): "has finished \(job) \(generation)"
  case .leave(let reason): "is to leave: \(reason)"
  case .warm(let job, let generation): "is warm for \(job) \(generation)"
  case .pausing(let job, let generation, let position, let isWaiting):
    "\(isWaiting ? "waits" : "pauses") at \(position) of \(job) \(generation)"
  case .saved(let job): "has saved \(job)"
  }
}

func describe(_ action: WorkerAction) -> String {
  switch action {
  case .send(let message): describe(message)
  case .heartbeat(_, _, let phase): "heartbeat, \(phase)"
  case .stopStep(let job, let generation): "stop the step of \(job) \(generation)"
  case .startJob(let prepare): "start \(prepare.job) \(prepare.generation)"
  case .joinGeneration(let prepare): "join \(prepare.job) \(prepare.generation)"
  case .fetchState(let job, let generation, let source, let position, _):
    "fetch \(job) \(generation) at \(position) from \(source)"
  case .loadCheckpoint(let job, let generation, let checkpoint):
    "load \(checkpoint.name) for \(job) \(generation)"
  case .warmUp(let prepare): "warm up \(prepare.job) \(prepare.generation)"
  case .pause(let job, let generation, let until):
    "pause \(job) \(generation)" + (until.map { " at \($0)" } ?? "")
  case .goOn(let job, let generation): "go on with \(job) \(generation)"
  case .beginAgain(let job, let generation): "begin \(job) \(generation) again"
  case .openGeneration(let job, let generation): "open \(job) \(generation)"
  case .abandon(let job, let cause, let reason): "abandon \(job), \(cause.rawValue): \(reason)"
  case .refused(let refusal): "refused: \(refusal.reason)"
  case .exit(let reason): "exit: \(reason)"
  }
}
