import Messages

/// One line an action, for scenarios and for the transcripts of schedules.
package func describe(_ action: CoordinatorAction, name: (Incarnation) -> String) -> String {
  switch action {
  case .persist(.job(let record)):
    let reason = record.reason.isEmpty ? "" : " (\(record.reason))"
    return "persist \(record.job) \(record.state.rawValue) \(record.generation)\(reason)"
  case .persist(.workersIssued(let number)): return "persist workers to w\(number)"
  case .send(let message, let incarnation):
    return "to \(name(incarnation)): \(describe(message))"
  case .answer(_, .submitted(let submitted)): return "answer: \(submitted.job) submitted"
  case .answer(_, .cancelled(let job)): return "answer: \(job) cancelled"
  case .answer(_, .failure(let failure)): return "answer: \(failure)"
  case .answer(_, .draining(let worker)): return "answer: \(worker) leaves"
  case .answer(_, let other): return "answer: \(other)"
  case .record(let job, let reports):
    return "record \(job) steps \(reports.map { "\($0.step)" }.joined(separator: " "))"
  case .inspectCheckpoints(let job): return "inspect the checkpoints of \(job)"
  case .announce(let event): return "* \(event.kind.rawValue) \(event.text)"
  case .jobEnded(let job, let state): return "ended \(job) \(state.rawValue)"
  }
}

package func describe(_ message: CoordinatorMessage) -> String {
  switch message {
  case .welcome(let welcome): "welcome as \(welcome.worker)"
  case .refused(let refusal): "refused: \(refusal.reason)"
  case .prepare(let prepare) where prepare.isWarmUp:
    "warm up for \(prepare.job) \(prepare.generation)"
  case .prepare(let prepare):
    "prepare \(prepare.job) \(prepare.generation): "
      + prepare.members.map { "\($0.worker) hosts \($0.replicas)" }.joined(separator: ", ")
      + (prepare.relayed.isEmpty
        ? "" : "; relayed " + prepare.relayed.map(\.description).joined(separator: " "))
  case .open(let opening):
    switch opening.start {
    case .beginning: "open \(opening.job) \(opening.generation) at the beginning"
    case .state(let source, let position, let digest):
      "open \(opening.job) \(opening.generation) at \(position) of \(source), digest \(digest)"
    case .checkpoint(let checkpoint):
      "open \(opening.job) \(opening.generation) at checkpoint \(checkpoint.name)"
    }
  case .stop(let stop): "stop \(stop.job) \(stop.generation) \(stop.cause.rawValue): \(stop.reason)"
  case .rejoin(let rejoin): "rejoin: \(rejoin.reason)"
  case .pause(let pause):
    "pause \(pause.job) \(pause.generation)" + (pause.until.map { " at \($0)" } ?? "")
  case .drain(let drain): "drain: \(drain.reason)"
  }
}
