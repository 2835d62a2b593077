import Coordination
import Messages

/// What can happen at a moment of virtual time.
enum Happening {
  case submission(Int)
  case fault
  /// From here on nothing goes wrong any more.
  case quiet
  case coordinatorStart
  case coordinatorTick(life: Int)
  case workerTick(Incarnation)
  /// Attempt to reach the coordinator.
  case connecting(Incarnation)
  case workerNoticesBreak(Incarnation)
  case coordinatorNoticesBreak(Incarnation, connection: Int)
  case toCoordinator(Incarnation, connection: Int, WorkerMessage)
  case toWorker(Incarnation, connection: Int, CoordinatorMessage)
  case frame(Frame)
  /// The training thread of a worker goes on; older numbers are void.
  case turn(Incarnation, Int)
  case checkpointStored(JobID, Checkpoint, life: Int)
}

/// A piece of a payload between workers.
struct Frame {
  let job: JobID
  let generation: Generation
  let sender: Incarnation
  let receiver: Incarnation
  let call: ExchangeCall
  var piece: Arrivals.Piece
  let payload: Payload
}

/// What travels between workers.
enum Payload {
  case roll(isLacking: Bool)
  case state(ModelState)
  /// Values of the sender's largest whole subtrees, in tree order.
  case partials([Contribution])
}
