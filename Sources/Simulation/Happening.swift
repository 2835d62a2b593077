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
  /// What another thread of the process has for the deciding one.
  case told(Incarnation, WorkerEvent)
  case frame(Frame)
  /// The training thread of a worker goes on; older numbers are void.
  case turn(Incarnation, Int)
  case checkpointStored(JobID, Checkpoint, life: Int)
  /// A bit of a worker's memory turns over.
  case flip
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
  /// The connections it takes through the coordinator; nil on the direct way.
  let relay: Relay?

  struct Relay: Hashable {
    let life: Int
    let sender: Int
    let receiver: Int
  }
}

/// What travels between workers.
enum Payload {
  case roll(isLacking: Bool)
  case state(ModelState)
  /// Values of the sender's largest whole subtrees, in tree order, and the digest of the state that
  /// its step began with.
  case partials([Contribution], digest: UInt64)
}
