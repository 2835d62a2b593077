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
  private struct Shared {
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
  private struct Holding {
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

  /// How many reports are said again in a new generation.
  private static let reportsMax = 32

  /// Seconds within which the worker of a replica that gave up says why.
  private static let explanation = 5.0

  private let links: WorkerLinks
  private let bulk: BulkClient
  private let catalog: Catalog
  private let threads: Int
  private let scratch: String
  private let beforeDigest: (@Sendable (Trainer) -> Void)?
  private let tell: @Sendable (WorkerEvent) -> Void
  private let send: @Sendable (WorkerMessage) -> Void
  private let note: @Sendable (String) -> Void
  private let commands = EventQueue<Command>()
  private let shared = Mutex(Shared())
  private var holding: Holding?
  private var thread: ComputeThread?

  init(
    links: WorkerLinks, bulk: BulkClient, catalog: Catalog, threads: Int, scratch: String,
    beforeDigest: (@Sendable (Trainer) -> Void)?,
    tell: @escaping @Sendable (WorkerEvent) -> Void,
    send: @escaping @Sendable (WorkerMessage) -> Void,
    note: @escaping @Sendable (String) -> Void
  ) {
    self.links = links
    self.bulk = bulk
    self.catalog = catalog
    self.threads = threads
    self.scratch = scratch
    self.beforeDigest = beforeDigest
    self.tell = tell
    self.send = send
    self.note = note
    thread = ComputeThread { [unowned self] in work() }
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
    commands.put(.exit)
    thread?.join()
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
      beat.activity = group.activity.count &+ link.received
      beat.collective = group.collective
      beat.waitsFor = link.awaited.prefix(Heartbeat.waitsForMax).map { members[$0].worker }
      if phase == WorkerMachine.runningPhase {
        let does = group.activity.phase
        beat.phase = does == .compute && !beat.waitsFor.isEmpty ? "exchange" : does.word
      }
    }
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

  private func drop() {
    close()
    holding?.trainer.stop()
    holding = nil
    shared.withLock {
      $0.rates = StepRates()
      $0.position = .beginning
      $0.peakPerReplica = 0
      $0.fixedBytes = 0
    }
  }

  private func close() {
    let link = shared.withLock { shared -> ExchangeLink? in
      defer {
        (shared.group, shared.link, shared.gate) = (nil, nil, nil)
        (shared.job, shared.generation) = (nil, nil)
      }
      return shared.link
    }
    link?.end()
  }

  private func attempt(
    _ job: JobID, _ generation: Generation, _ blame: WorkerFailed.Blame, peer: WorkerID? = nil,
    _ body: () throws -> Void
  ) {
    do {
      try body()
      tell(.stateReady(job, generation))
    } catch ExchangeError.generationEnded {
    } catch {
      tell(.failed(job, generation, blame, reason: "\(error)", peer: peer, nil))
    }
  }

  /// Makes sure that the trainer is that of the job, and says why if it cannot be built.
  private func build(_ prepare: PrepareGeneration) -> Bool {
    guard holding?.prepare.job != prepare.job else { return true }
    drop()
    do {
      holding = Holding(prepare: prepare, trainer: try trainer(of: prepare), hosted: 0..<0)
      return true
    } catch {
      let blame: WorkerFailed.Blame = error is JobError ? .job : .worker
      tell(.failed(prepare.job, prepare.generation, blame, reason: "\(error)", peer: nil, nil))
      return false
    }
  }

  /// Builds the trainer if this worker does not have it yet, and links the members.
  private func prepare(_ prepare: PrepareGeneration) {
    close()
    guard let mine = links.mine(in: prepare), let link = links.open(prepare) else {
      return tell(
        .failed(
          prepare.job, prepare.generation, .worker, reason: "this worker is not among the members",
          peer: nil, nil))
    }
    guard build(prepare) else { return link.end() }
    holding?.hosted = mine.replicas.range
    holding?.wasFetched = false
    guard let holding else { return }
    let group = ReplicaGroup(
      replicas: prepare.replicas, hosted: holding.hosted,
      permits: ComputePermits(count: threads), link: link)
    let (job, generation) = (prepare.job, prepare.generation)
    let gate = CommitGate { [tell] position in
      tell(.pausing(job, generation, Position(step: position), isWaiting: true))
    }
    let isOver = shared.withLock { shared in
      (shared.group, shared.link, shared.gate) = (group, link, gate)
      shared.members = prepare.members
      (shared.job, shared.generation) = (prepare.job, prepare.generation)
      return shared.hasEnded(prepare.job, prepare.generation)
    }
    if isOver { return }
    do { try link.waitUntilReachable() } catch ExchangeError.generationEnded { return } catch {
      return tell(
        .failed(prepare.job, prepare.generation, .link, reason: "\(error)", peer: nil, nil))
    }
    // Before `ready`, so that they are on record before the generation's own.
    if !holding.reports.isEmpty {
      send(
        .stepReports(
          StepReports(
            job: prepare.job, generation: holding.opened, reports: holding.reports)))
    }
    let committed = holding.hasState ? Position(progress: holding.trainer.progress) : nil
    let digest = holding.hasState ? holding.trainer.recomputedDigest() : ""
    guard digest == holding.trainer.digest || !holding.hasState else {
      return tell(
        .failed(
          prepare.job, prepare.generation, .state,
          reason:
            "its memory has changed since it committed \(committed ?? .beginning): the digest "
            + "is \(digest), it was \(holding.trainer.digest)", peer: nil, committed))
    }
    tell(
      .prepared(
        prepare.job, prepare.generation, committed: committed,
        digest: digest))
  }

  /// A trainer in its initial state.
  private func trainer(of prepare: PrepareGeneration) throws -> Trainer {
    let value = try JSONDecoder().decode(
      JobValue.self, from: Foundation.Data(prepare.specification.utf8))
    let trainer = try Trainer(Job(value, catalog: catalog), catalog: catalog)
    trainer.beforeDigest = beforeDigest
    return trainer
  }

  /// Goes back to the job's initial state.
  private func beginAgain() throws {
    guard let old = holding else { return }
    old.trainer.stop()
    holding?.trainer = try trainer(of: old.prepare)
    forgetReports(after: .beginning)
  }

  /// Copies another member's state.
  private func fetch(_ digest: String) throws {
    guard let trainer = holding?.trainer, let link = shared.withLock({ $0.link }) else { return }
    guard let source = try link.callTheRoll(isLacking: true).source else {
      throw TransportError.transferFailed(
        name: "the job's state", reason: "no member has it", advice: "")
    }
    try TransferredState.apply(link.receiveState(from: source), to: trainer)
    guard trainer.digest == digest else {
      throw TransportError.transferFailed(
        name: "the job's state", reason: "its digest differs from the announced one", advice: "")
    }
    holding?.hasState = true
    holding?.wasFetched = true
    forgetReports(after: Position(progress: trainer.progress))
  }

  /// Takes a checkpoint from the coordinator's store.
  private func load(_ reference: Messages.Checkpoint, _ files: WorkerFiles) throws {
    // A trainer goes forward only; a checkpoint may be of an earlier stage than it has reached.
    if holding?.hasState == true { try beginAgain() }
    guard let trainer = holding?.trainer else { return }
    try files.load(reference, into: trainer, scratch: scratch)
    holding?.hasState = true
    forgetReports(after: Position(progress: trainer.progress))
  }

  /// What was committed beyond a state that takes the place of the one it led to is not told again.
  private func forgetReports(after position: Position) {
    holding?.reports.removeAll { $0.position > position }
  }

  private func files(of job: JobID, _ generation: Generation) -> WorkerFiles {
    WorkerFiles(bulk: bulk, job: job, generation: generation) { [weak self] in
      self?.shared.withLock { !$0.hasEnded(job, generation) } ?? false
    }
  }

  private func open(_ job: JobID, _ generation: Generation) {
    guard let holding, holding.prepare.job == job,
      let (group, link, gate) = shared.withLock({
        shared -> (ReplicaGroup, ExchangeLink, CommitGate)? in
        guard shared.job == job, shared.generation == generation,
          !shared.hasEnded(job, generation), let group = shared.group,
          let link = shared.link, let gate = shared.gate
        else { return nil }
        return (group, link, gate)
      })
    else { return }
    self.holding?.hasState = true
    self.holding?.opened = generation
    let trainer = holding.trainer
    let reporter = WorkerReporter(
      job: job, generation: generation, totalSteps: trainer.totalSteps,
      isLeader: holding.hosted.contains(0), files: files(of: job, generation), gate: gate,
      send: send, note: note, committed: { [weak self] in self?.remember($0) }
    ) { [weak self] report, fixed, peak in
      self?.shared.withLock { shared in
        shared.rates.samplesPerSecond = Double(report.samples) / max(1e-9, report.seconds.total)
        shared.rates.computeSeconds = report.seconds.compute
        shared.rates.exchangeSeconds = report.seconds.exchange
        shared.rates.inputSeconds = report.seconds.input
        shared.rates.computeSecondsPerReplica = report.seconds.computePerReplica
        shared.position = Position(step: UInt64(report.step + 1) << 4)
        shared.fixedBytes = fixed
        shared.peakPerReplica = (peak - fixed) / UInt64(holding.hosted.count)
      }
    }
    var isTraining = false
    do {
      if !holding.wasFetched {
        for peer in try link.callTheRoll(isLacking: false).receivers {
          try link.sendState(TransferredState.of(trainer), to: peer)
        }
      }
      if holding.hosted.contains(0), trainer.progress.step == 0, let report = trainer.loadReport {
        try reporter.upload(report, scratch: scratch)
      }
      isTraining = true
      let ending = try TrainingLoop(
        trainer, group: group, scratch: "\(scratch)/drafts", observer: reporter
      ).run()
      guard ending == .finished, holding.hosted.contains(0) else { return }
      let artifacts = try reporter.uploadPictures(of: trainer, scratch: scratch)
      let scores = trainer.progress.scores.flatMap { split in
        split.scores.map { NamedNumber("\(split.split)/\($0.name)", $0.value) }
      }
      tell(.finished(job, generation, scores: scores, artifacts: artifacts))
    } catch ExchangeError.generationEnded {
      if isTraining { note("\(job) \(generation): what was under way is dropped and begins again") }
    } catch let error as ExchangeError where error.differingReplica != nil {
      let peer = shared.withLock { $0.members }.first {
        $0.replicas.range.contains(error.differingReplica ?? -1)
      }
      tell(
        .failed(
          job, generation, .state, reason: "\(error)", peer: peer?.worker,
          Position(progress: trainer.progress)))
    } catch ExchangeError.aborted(let replica, let reason) {
      // The replica that failed is elsewhere; its worker says why, and the job's end or a new
      // generation follows. A worker that says nothing must not keep the others waiting.
      guard !commands.isFilled(within: Self.explanation) else { return }
      tell(
        .failed(
          job, generation, .job, reason: "replica \(replica) gave up: \(reason)", peer: nil,
          Position(progress: trainer.progress)))
    } catch {
      guard !shared.withLock({ $0.hasEnded(job, generation) }) else { return }
      // Losses and data know of no step; the person who reads this wants to.
      let step = trainer.progress.step
      let reason = error is TrainingError ? "\(error)" : "step \(step): \(error)"
      tell(
        .failed(
          job, generation, .job, reason: reason, peer: nil,
          Position(progress: trainer.progress)))
    }
  }

  private func remember(_ report: Messages.StepReport) {
    // A state that came from elsewhere may be older than what was committed here before.
    holding?.reports.removeAll { $0.position >= report.position }
    holding?.reports.append(report)
    let surplus = (holding?.reports.count ?? 0) - Self.reportsMax
    if surplus > 0 { holding?.reports.removeFirst(surplus) }
  }
}
