import Collectives
import Coordination
import Data
import Foundation
import Layers
import Messages
import Synchronization
import Training
import Transport

// A job's generations on the training thread: built, prepared, brought to their state, run.

extension WorkerJob {
  /// How many reports are said again in a new generation.
  private static let reportsMax = 32
  /// Seconds within which the worker of a replica that gave up says why.
  private static let explanation = 5.0

  func attempt(
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
  func build(_ prepare: PrepareGeneration) -> Bool {
    guard holding?.prepare.job != prepare.job else { return true }
    drop()
    do {
      holding = Holding(prepare: prepare, trainer: try trainer(of: prepare), hosted: 0..<0)
      return true
    } catch {
      // Another change of members came meanwhile: it says what to do.
      guard isAwaited(prepare) else { return false }
      let blame: WorkerFailed.Blame = error is JobError ? .job : .worker
      tell(.failed(prepare.job, prepare.generation, blame, reason: "\(error)", peer: nil, nil))
      return false
    }
  }

  /// Whether nobody has asked for something else since.
  private func isAwaited(_ prepare: PrepareGeneration) -> Bool {
    !commands.isFilled(within: 0)
      && !shared.withLock { $0.hasEnded(prepare.job, prepare.generation) }
  }

  /// Builds the trainer if this worker does not have it yet, and links the members.
  func prepare(_ prepare: PrepareGeneration) {
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
    let job = try Job(value, catalog: catalog)
    // Data that another worker is to list may never be, should that one be put out.
    let files = WorkerFiles(bulk: bulk, job: prepare.job, generation: prepare.generation) {
      [weak self] in self?.isAwaited(prepare) ?? false
    }
    let data = try data.open(
      job, files,
      isFirst: links.mine(in: prepare)?.replicas.range.contains(0) ?? false, scratch: scratch)
    let trainer = try Trainer(job, catalog: catalog, data: data)
    trainer.beforeDigest = beforeDigest
    return trainer
  }

  /// Goes back to the job's initial state.
  func beginAgain() throws {
    guard let old = holding else { return }
    old.trainer.stop()
    holding?.trainer = try trainer(of: old.prepare)
    forgetReports(after: .beginning)
  }

  /// Copies another member's state.
  func fetch(_ digest: String) throws {
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
  func load(_ reference: Messages.Checkpoint, _ files: WorkerFiles) throws {
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

  func files(of job: JobID, _ generation: Generation) -> WorkerFiles {
    WorkerFiles(bulk: bulk, job: job, generation: generation) { [weak self] in
      self?.shared.withLock { !$0.hasEnded(job, generation) } ?? false
    }
  }

  func open(_ job: JobID, _ generation: Generation) {
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
