import Collectives
import Coordination
import Messages

/// A worker's process: the shipped machine, and around it what `WorkerProcess` and `WorkerJob` have.
final class SimulatedWorker {
  enum Command {
    case prepare(PrepareGeneration)
    case fetch(JobID, Generation, digest: String)
    case load(JobID, Generation, Checkpoint)
    case open(JobID, Generation)
    case abandon(JobID)
  }

  /// What the training thread is about.
  enum Activity {
    case idle
    case preparing(PrepareGeneration)
    case loading(JobID, Generation, Checkpoint)
    case computing
    case storing(Upload)
    case awaiting(Awaited)
  }

  /// A checkpoint on its way to the coordinator.
  struct Upload {
    let state: ModelState
    /// The coordinator's life in which it began.
    var life: Int
    /// Whether the job is done with it.
    let isFinal: Bool
  }

  struct Awaited {
    enum Purpose {
      /// Who has the job's state; asked before the first step of a generation.
      case roll(isLacking: Bool)
      case state(digest: String)
      case sum
    }

    let purpose: Purpose
    let call: ExchangeCall
    /// Members, by index, whose payload is still to come.
    var sources: [Int]
    /// In the order in which they came.
    var payloads: [(source: Int, payload: Payload)] = []
  }

  /// The job that the training thread holds.
  struct Training {
    let job: JobID
    let work: SimulatedJob
    var prepare: PrepareGeneration
    var index: Int
    /// nil while the state is only the initial one.
    var state: ModelState?
    var wasFetched = false
    var inbox: Arrival?
    /// Results of this step's collectives so far.
    var sums: [Contribution] = []
    /// This worker's own part in the collective it is in.
    var partials: [CanonicalTree.Node: Contribution] = [:]

    var generation: Generation { prepare.generation }
    var hosted: Range<Int> { prepare.members[index].replicas.range }
    var peers: [Int] { prepare.members.indices.filter { $0 != index } }
    var isLeader: Bool { hosted.contains(0) }
  }

  /// The inbox of one generation, shared by those who fill and those who empty it.
  final class Arrival {
    var held = Arrivals()
  }

  let incarnation: Incarnation
  let name: String
  var machine: WorkerMachine
  /// nil where there is none, as far as the network is concerned.
  var connection: Int?
  var pausedUntil = 0
  var inboxes = GenerationInboxes<Arrival>()
  var ended: [JobID: Generation] = [:]
  /// Reports made while the coordinator was away.
  var unsent: [WorkerMessage] = []
  var commands: [Command] = []
  var activity = Activity.idle
  var turn = 0
  var training: Training?
  /// Of the state that is being fetched.
  var wanted = ""

  init(incarnation: Incarnation, name: String, machine: WorkerMachine) {
    (self.incarnation, self.name, self.machine) = (incarnation, name, machine)
  }

  /// "w1", or the process's own name before it has a number.
  var title: String { machine.worker?.description ?? name }

  func hasEnded(_ job: JobID, _ generation: Generation) -> Bool {
    ended[job].map { generation <= $0 } ?? false
  }
}
