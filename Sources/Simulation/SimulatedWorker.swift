import Collectives
import Coordination
import Messages

/// A worker's process: the shipped machine, and around it what `WorkerProcess` and `WorkerJob` have.
final class SimulatedWorker {
  enum Command {
    case warmUp(PrepareGeneration)
    case prepare(PrepareGeneration)
    case fetch(JobID, Generation, digest: String)
    case load(JobID, Generation, Checkpoint)
    case beginAgain(JobID, Generation)
    case open(JobID, Generation)
    case abandon(JobID, Saving)
  }

  /// Who stores the last state of an abandoned job.
  enum Saving { case nobody, leader, thisOne }

  /// What the training thread is about.
  enum Activity {
    case idle
    case warmingUp(PrepareGeneration)
    case preparing(PrepareGeneration)
    case loading(JobID, Generation, Checkpoint)
    case computing
    /// At the gate, until the next commit may begin.
    case held
    case storing(Upload)
    case awaiting(Awaited)
  }

  /// A checkpoint on its way to the coordinator.
  struct Upload {
    let state: ModelState
    /// The coordinator's life in which it began.
    var life: Int
    let purpose: Purpose

    /// For the way, at the job's end, or by who was told to drop the job.
    enum Purpose { case step, end, farewell }
  }

  struct Awaited {
    enum Purpose {
      /// Who has the job's state; asked before the first step of a generation.
      case roll(isLacking: Bool)
      case state(digest: String)
      case sum
      /// The last comparison of states.
      case comparison
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
    /// Of this worker among the members; what is only warm has none.
    var index = 0
    var hosted = 0..<0
    /// nil while the state is only the initial one.
    var state: ModelState?
    var wasFetched = false
    var inbox: Arrival?
    /// Results of this step's collectives so far.
    var sums: [Contribution] = []
    var gate = Gate()
    /// What was committed last, to be told again by whoever is left.
    var reports: [StepReport] = []
    /// The generation in which they were committed.
    var opened = Generation.zero
    var stepsSinceBuilt = 0
    var committedAt = 0
    /// This worker's own part in the collective it is in.
    var partials: [CanonicalTree.Node: Contribution] = [:]

    var generation: Generation { prepare.generation }
    var peers: [Int] { prepare.members.indices.filter { $0 != index } }
    var isLeader: Bool { hosted.contains(0) }
  }

  /// The rules of `CommitGate`, without a thread that waits.
  struct Gate {
    private(set) var entered = 0
    private(set) var limit: Int?

    mutating func enter(_ position: Int) -> Bool {
      if let limit, position > limit { return false }
      entered = max(entered, position)
      return true
    }

    mutating func close() -> Int {
      let position = max(limit ?? 0, entered)
      limit = position
      return position
    }

    mutating func open(upTo position: Int) { limit = max(limit ?? 0, entered, position) }

    mutating func open() { limit = nil }
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
  /// When its last report arrives.
  var reportedUntil = 0
  /// Rises with everything the training thread gets done and every piece received.
  var progress: UInt64 = 0
  /// How many times as long as others it computes.
  var slowness = 1
  /// Whether the training thread never returns from what it is in.
  var isStuck = false
  /// Whether it was asked to go.
  var isLeaving = false
  /// Whether its state holds a bit that turned over, and whether the next commit will.
  var isSpoiled = false
  var spoilsNextCommit = false

  init(incarnation: Incarnation, name: String, machine: WorkerMachine) {
    (self.incarnation, self.name, self.machine) = (incarnation, name, machine)
  }

  /// "w1", or the process's own name before it has a number.
  var title: String { machine.worker?.description ?? name }

  func hasEnded(_ job: JobID, _ generation: Generation) -> Bool {
    ended[job].map { generation <= $0 } ?? false
  }
}
