// What goes into a worker's machine and what comes out of it.

import Messages

package struct WorkerSettings: Hashable, Sendable {
  /// First and longest time between two hellos that were not answered.
  package var retry: Duration = .milliseconds(250)
  package var retryMax: Duration = .seconds(4)
  /// How often a result or failure is told until the coordinator reacts.
  package var repetition: Duration = .seconds(1)
  /// How long a leaving worker may take to end its step, hand over and store what nobody else has.
  /// Schedulers kill 30 s after they asked.
  package var farewell: Duration = .seconds(25)
  /// Until Welcome says otherwise.
  package var heartbeatInterval: Duration = .milliseconds(250)

  package init() {}
}

package enum WorkerEvent: Hashable, Sendable {
  /// The connection to the coordinator stands (again), or broke.
  case connected, disconnected
  case received(CoordinatorMessage)
  /// Time went by; at least every 50 ms.
  case tick
  /// Done with `startJob` or `joinGeneration`: no thread is in a step, links to the members exist.
  case prepared(JobID, Generation, committed: Position?, digest: String)
  /// Done with `fetchState` or `loadCheckpoint`: the state asked for is in place.
  case stateReady(JobID, Generation)
  /// Done with `warmUp`.
  case warm(JobID, Generation)
  /// In answer to `pause`, and again when the training waits there.
  case pausing(JobID, Generation, Position, isWaiting: Bool)
  /// Done with `abandon` for a cause that asks for the state to be stored, or unable to.
  case saved(JobID)
  /// The job cannot go on, as far as this worker is concerned.
  case failed(JobID, Generation, WorkerFailed.Blame, reason: String, peer: WorkerID?, Position?)
  /// All steps and passes are done and the artifacts stored; only on the host of replica 0.
  case finished(JobID, Generation, scores: [NamedNumber], artifacts: [Artifact])
  /// A person or the system asked this process to go.
  case leave(reason: String)
}

/// To be carried out in order; none may block the thread that drives the machine.
package enum WorkerAction: Hashable, Sendable {
  case send(WorkerMessage)
  /// Send a heartbeat with these facts and the process's own measurements.
  case heartbeat(JobID?, Generation?, phase: String)
  /// End every collective operation of this generation; the step's changes are dropped.
  case stopStep(JobID, Generation)
  /// Build a job this worker does not hold and connect its members; then `.prepared`.
  case startJob(PrepareGeneration)
  /// Build a job that others train, as far as that goes alone; then `.warm`.
  case warmUp(PrepareGeneration)
  /// Begin no commit after the one in flight, or after the one that reaches `until`; then `.pausing`.
  case pause(JobID, Generation, until: Position?)
  /// Nobody waits for that pause any more.
  case goOn(JobID, Generation)
  /// Connect new members of the job this worker holds; then `.prepared`. A later one supersedes.
  case joinGeneration(PrepareGeneration)
  /// Copy the state from a member; then `.stateReady`.
  case fetchState(JobID, Generation, from: WorkerID, Position, digest: String)
  /// Take the state from the coordinator's store; then `.stateReady`.
  case loadCheckpoint(JobID, Generation, Checkpoint)
  /// Put the job's initial state in place of what was committed since; then `.stateReady`.
  case beginAgain(JobID, Generation)
  /// Let data flow: run steps from the state in place until stopped or done.
  case openGeneration(JobID, Generation)
  /// Forget the job; a stopped step was announced before. A drained worker stores the state first,
  /// a cancelled one if it hosts replica 0; then `.saved`.
  case abandon(JobID, StopJob.Cause, reason: String)
  /// Tell the person who started this worker; it tries again.
  case refused(Refused)
  /// Nothing is left to do in this process.
  case exit(reason: String)
}
