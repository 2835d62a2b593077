import Collectives
import Coordination
import Data
import Foundation
import Layers
import Messages
import Synchronization
import Training
import Transport

/// The job of a worker, on a thread of its own: builds the trainer, runs it in one generation after
/// another, serves and fetches state.
final class WorkerJob: @unchecked Sendable {
  enum Command: Sendable {
    case warmUp(PrepareGeneration)
    case prepare(PrepareGeneration)
    case fetch(JobID, Generation, from: WorkerID, digest: String)
    case load(JobID, Generation, Messages.Checkpoint)
    case beginAgain(JobID, Generation)
    case open(JobID, Generation)
    case abandon(JobID, Saving)
    case exit
  }

  /// Whether an abandoned job's last committed state is stored.
  enum Saving: Sendable {
    case nowhere
    /// By the host of replica 0: all members have it, and are told alike.
    case onLeader
    /// By this worker, whatever it hosts.
    case here
  }

  /// What other threads see.
  struct Shared {
    var job: JobID?
    var generation: Generation?
    var group: ReplicaGroup?
    var link: ExchangeLink?
    var gate: CommitGate?
    /// In the link's order.
    var members: [Member] = []
    /// The newest generation of each job whose step must end; set before its link may exist.
    var ended: [JobID: Generation] = [:]
    var isStopping = false
    var rates = StepRates()
    var position = Position.beginning
    var peakPerReplica: UInt64 = 0
    var fixedBytes: UInt64 = 0

    func hasEnded(_ job: JobID, _ generation: Generation) -> Bool {
      isStopping || ended[job].map { generation <= $0 } ?? false
    }
  }

  /// The job that this worker holds; of the training thread.
  struct Holding {
    let prepare: PrepareGeneration
    var trainer: Trainer
    var hosted: Range<Int>
    /// Whether the trainer's state is more than the initial one.
    var hasState = false
    /// Whether the roll of this generation was called while fetching.
    var wasFetched = false
    /// What was committed last, oldest first: the one member that reports may have died before the
    /// coordinator heard of it.
    var reports: [Messages.StepReport] = []
    /// The generation in which they were committed.
    var opened = Generation.zero
  }

  let links: WorkerLinks
  let bulk: BulkClient
  let data: WorkerData
  let catalog: Catalog
  let threads: Int
  let scratch: String
  let beforeDigest: (@Sendable (Trainer) -> Void)?
  let tell: @Sendable (WorkerEvent) -> Void
  let send: @Sendable (WorkerMessage) -> Void
  let note: @Sendable (String) -> Void
  let commands = EventQueue<Command>()
  let shared = Mutex(Shared())
  var holding: Holding?
  private var thread: ComputeThread?

  init(
    links: WorkerLinks, bulk: BulkClient, data: WorkerData, catalog: Catalog, threads: Int,
    scratch: String,
    beforeDigest: (@Sendable (Trainer) -> Void)?,
    tell: @escaping @Sendable (WorkerEvent) -> Void,
    send: @escaping @Sendable (WorkerMessage) -> Void,
    note: @escaping @Sendable (String) -> Void
  ) {
    self.links = links
    self.bulk = bulk
    self.data = data
    self.catalog = catalog
    self.threads = threads
    self.scratch = scratch
    self.beforeDigest = beforeDigest
    self.tell = tell
    self.send = send
    self.note = note
    thread = ComputeThread(name: "training") { [unowned self] in work() }
  }

  func post(_ command: Command) { commands.put(command) }

  /// Ends every collective of the job's `generation` and older ones; from the deciding thread.
  func endStep(of job: JobID, _ generation: Generation) {
    end { shared in
      shared.ended[job] = max(shared.ended[job] ?? .zero, generation)
      // Jobs of long ago have no step that could still have to end.
      if shared.ended.count > 64, let oldest = shared.ended.keys.filter({ $0 != job }).min() {
        shared.ended[oldest] = nil
      }
    }
  }

  private func end(_ mark: (inout Shared) -> Void) {
    let (group, link, gate) = shared.withLock {
      shared -> (ReplicaGroup?, ExchangeLink?, CommitGate?) in
      mark(&shared)
      guard let job = shared.job, let generation = shared.generation,
        shared.hasEnded(job, generation)
      else { return (nil, nil, nil) }
      return (shared.group, shared.link, shared.gate)
    }
    group?.endGeneration()
    link?.end()
    gate?.end()
  }

  /// Begins no commit after the one in flight, or after the one that reaches `until`; from the
  /// deciding thread.
  func pause(_ job: JobID, _ generation: Generation, until: Position?) {
    guard let gate = gate(of: job, generation) else { return }
    if let until { return gate.open(upTo: until.step) }
    tell(.pausing(job, generation, Position(step: gate.close()), isWaiting: false))
  }

  /// Ends a pause; from the deciding thread.
  func goOn(_ job: JobID, _ generation: Generation) { gate(of: job, generation)?.open() }

  private func gate(of job: JobID, _ generation: Generation) -> CommitGate? {
    shared.withLock { $0.job == job && $0.generation == generation ? $0.gate : nil }
  }

  /// Ends the thread.
  func stop() {
    end { $0.isStopping = true }
    data.end()
    commands.put(.exit)
    thread?.join()
    data.stop()
  }

  func heartbeat(_ job: JobID?, _ generation: Generation?, phase: String) -> Heartbeat {
    var beat = Heartbeat()
    beat.job = job
    beat.generation = generation
    beat.phase = phase
    let (group, link, members) = shared.withLock { shared in
      beat.position = shared.position
      beat.rates = shared.rates
      beat.peakBytesPerReplica = shared.peakPerReplica
      beat.fixedBytes = shared.fixedBytes
      let isCurrent = shared.job == job && shared.generation == generation
      return isCurrent ? (shared.group, shared.link, shared.members) : (nil, nil, [])
    }
    if let group, let link {
      beat.activity = group.activity.count &+ link.received &+ data.arrivals
      beat.collective = group.collective
      beat.waitsFor = link.awaited.prefix(Heartbeat.waitsForMax).map { members[$0].worker }
      if phase == WorkerMachine.runningPhase {
        let does = group.activity.phase
        beat.phase = does == .compute && !beat.waitsFor.isEmpty ? "exchange" : does.word
      }
    }
    beat.data = data.access
    beat.residentBytes = HostFacts.residentBytes
    beat.peakBytes = HostFacts.peakBytes
    return beat
  }

  private func work() {
    while true {
      switch commands.take() {
      case .warmUp(let prepare):
        if build(prepare) { tell(.warm(prepare.job, prepare.generation)) }
      case .prepare(let prepare): self.prepare(prepare)
      case .fetch(let job, let generation, let source, let digest):
        attempt(job, generation, .link, peer: source) { try fetch(digest) }
      case .load(let job, let generation, let checkpoint):
        attempt(job, generation, .checkpoint) { try load(checkpoint, files(of: job, generation)) }
      case .beginAgain(let job, let generation):
        attempt(job, generation, .job) { try beginAgain() }
      case .open(let job, let generation): open(job, generation)
      case .abandon(let job, let saving):
        if let holding, holding.prepare.job == job {
          switch saving {
          case .here: save(job)
          case .onLeader: if holding.hosted.contains(0) { save(job) }
          case .nowhere: break
          }
          drop()
        }
        tell(.saved(job))
      case .exit:
        drop()
        return
      }
    }
  }

  /// Stores one more checkpoint, of the last committed step.
  private func save(_ job: JobID) {
    guard let holding, holding.hasState, holding.trainer.progress.step > 0,
      let generation = shared.withLock({ $0.generation })
    else { return }
    let files = WorkerFiles(bulk: bulk, job: job, generation: generation) { [weak self] in
      self?.shared.withLock { !$0.isStopping } ?? false
    }
    do {
      try files.store(Checkpoint.write(holding.trainer, into: "\(scratch)/drafts"))
    } catch { note("\(job): its last state was not stored: \(error)") }
  }

  func drop() {
    close()
    data.close()
    holding?.trainer.stop()
    holding = nil
    shared.withLock {
      $0.rates = StepRates()
      $0.position = .beginning
      $0.peakPerReplica = 0
      $0.fixedBytes = 0
    }
  }

  func close() {
    let link = shared.withLock { shared -> ExchangeLink? in
      defer {
        (shared.group, shared.link, shared.gate) = (nil, nil, nil)
        (shared.job, shared.generation) = (nil, nil)
      }
      return shared.link
    }
    link?.end()
  }
}
