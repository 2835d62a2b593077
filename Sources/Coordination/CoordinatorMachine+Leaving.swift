// Workers that were asked to go, by an operator here or by a signal there: no more jobs for them, and
// what they hold goes to the others, or into the store, before they are let go.

import Messages

extension CoordinatorMachine {
  /// An operator wants a worker to go; `name` is its number or its name.
  mutating func drain(
    _ name: String, _ reason: String, _ question: RequestID, _ now: Moment
  ) {
    let found = workers.values.filter { "\($0.id)" == name || $0.hello.name == name }
    guard let id = found.first?.id, found.count == 1 else {
      let failure = Failure(
        reason: found.isEmpty
          ? "no living worker is called '\(name)'"
          : "'\(name)' is the number of one worker and the name of another",
        advice: "`martlet status --json` lists workers by number and name")
      actions.append(.answer(question, .failure(failure)))
      return
    }
    send(.drain(Drain(reason: reason)), to: id)
    actions.append(.answer(question, .draining(id)))
    beginLeaving(id, reason, now)
  }

  /// A worker says that it goes.
  mutating func release(_ id: WorkerID, _ reason: String, _ now: Moment) {
    workers[id]?.hasSaidGoodbye = true
    beginLeaving(id, reason, now)
  }

  private mutating func beginLeaving(_ id: WorkerID, _ reason: String, _ now: Moment) {
    guard let worker = workers[id] else { return }
    if worker.leaving == nil {
      workers[id]?.leaving = reason
      announce(.workerLeaving, job: worker.job, worker: id, "\(worker.hello.name): \(reason)")
    }
    if let warmUp = worker.warmUp {
      stop(warmUp.job, warmUp.generation, .left, reason, at: id)
      workers[id]?.warmUp = nil
    }
    if let job = worker.job {
      // Who has a job's state waits for its next boundary.
      guard !worker.holdsState else { return }
      jobs[job]?.broken = "\(id) leaves: \(reason)"
    }
    handOver(id, now)
  }

  /// Takes a leaving worker out of its job, which needs nothing of it any more.
  mutating func handOver(_ id: WorkerID, _ now: Moment) {
    guard let worker = workers[id], let leaving = worker.leaving else { return }
    if let job = worker.job, let record = jobs[job]?.record {
      stop(job, record.generation, .left, leaving, at: id)
      workers[id]?.job = nil
    }
    let isSaving = jobs.values.contains { $0.saver == id }
    guard worker.hasSaidGoodbye, !isSaving else { return }
    if worker.job == nil, let standing = worker.hello.standing {
      // It came back with a job that has no place for it; without a word it would wait for one.
      stop(standing.job, standing.generation, .left, leaving, at: id)
    }
    lose(id, .workerLeft, leaving, now)
  }

  /// Nobody stays who has the job's state: one of those who leave stores it, then the job waits.
  mutating func drain(
    _ id: JobID, _ leaving: [WorkerID], at position: Position, _ now: Moment
  ) {
    guard let saver = leaving.min(), let record = jobs[id]?.record else { return }
    jobs[id]?.saver = saver
    stop(id, record.generation, .drained, workers[saver]?.leaving ?? "", at: saver)
    workers[saver]?.job = nil
    for worker in leaving where worker != saver { handOver(worker, now) }
    wait(id, because: "\(saver) leaves and stores the state at \(position)")
  }

  /// As `drain`, for a job that waits already, so that nobody has a step in flight.
  mutating func drainWaiting(_ id: JobID, _ now: Moment) {
    guard let job = jobs[id], job.saver == nil else { return }
    let holders = workers.values.filter { $0.job == id }
    guard !holders.isEmpty, holders.allSatisfy({ $0.leaving != nil }) else { return }
    drain(id, holders.map(\.id).sorted(), at: job.record.position, now)
  }
}
