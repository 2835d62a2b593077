import Coordination
import Foundation
import Messages
import Synchronization
import Training
import Transport

/// The coordinator: its machine's decisions turned into sockets, files and answers.
///
/// One thread decides; the control, bulk and relay planes have their own and put events in its
/// queue.
package final class CoordinatorProcess: @unchecked Sendable {
  package struct Settings: Sendable {
    /// Folder of keys, records, logs and results.
    package var store: String
    /// Address to listen on, without port: "0.0.0.0".
    package var listen = "127.0.0.1"
    /// What workers on other hosts call this one; `listen` by default.
    package var advertise: String?
    /// Of the control plane; 0 takes any free one. Bulk and relay take the next two if given.
    package var port = 0
    package var isInsecure = false
    /// How workers protect what they send to other hosts; an insecure cluster has no keys for it.
    package var protection = ProtectionMode.sealed
    /// For measurements alone: heartbeats come once an hour and no step is recorded.
    package var isUnwatched = false
    /// Where the join file is written; `store/join.json` by default.
    package var joinFile: String?

    package init(store: String) { self.store = store }
  }

  enum Event: Sendable {
    case control(ControlServerEvent)
    /// Of the bulk and relay planes and of connections that were not admitted.
    case refused(Admission.Refusal)
    case checkpoint(JobID, Messages.Checkpoint)
    case inspection(JobID)
    case stop
  }

  /// Where the join file lies.
  package let joinPath: String
  package let join: JoinFile
  let settings: Settings
  let catalog: Catalog
  let store: Store
  let files: JobFiles
  let queue: EventQueue<Event>
  private let context: ZeroMQContext
  let keys: KeyRegistry
  private let keyGuard: KeyGuard?
  private let protections: GenerationProtections
  let control: ControlServer
  private let bulk: BulkServer
  private let relay: ExchangeRelay
  private let started = ContinuousClock.now
  private let isStopping = Atomic<Bool>(false)
  private let note: @Sendable (String) -> Void

  // Of the deciding thread alone:
  var machine: CoordinatorMachine
  var records: [JobID: JobRecorder] = [:]
  var questions: [RequestID: (ControlPeer, RequestID)] = [:]
  var asked: UInt64 = 0
  private var refusals: RefusalLog
  /// The last memberships that were sent: a thousand members get the same one.
  private var lastPrepared: (message: CoordinatorMessage, frame: SharedFrame)?

  /// Listens, but answers only once `run` is called.
  ///
  /// `note`: A line for the person who started it.
  ///
  /// Throws: `Store.Problem`, `TransportError`.
  package init(
    _ settings: Settings, catalog: Catalog, note: @escaping @Sendable (String) -> Void
  ) throws {
    self.settings = settings
    self.catalog = catalog
    self.note = note
    let store = try Store(path: settings.store)
    self.store = store
    var patience = CoordinatorSettings()
    if settings.isUnwatched {
      patience.heartbeatInterval = .seconds(3_600)
      patience.patience = .seconds(7_200)
    }
    machine = CoordinatorMachine(settings: patience, records: try store.records())
    refusals = RefusalLog(at: .now)
    let queue = EventQueue<Event>()
    self.queue = queue
    files = JobFiles(
      recall: { id in
        // Who cannot read it says that there is no such job.
        (try? store.job(id)).flatMap { $0 }.map { ($0, store.folder(of: $0.output)) }
      }, deliveries: { (try? store.deliveries(of: $0)) ?? [] },
      stored: { queue.put(.checkpoint($0, $1)) })
    // Before anybody can ask for their files.
    for status in machine.status(at: Moment()).jobs {
      guard let record = machine.record(of: status.job) else { continue }
      files.know(record, folder: store.folder(of: record.output))
    }
    // Connections that say nothing take descriptors until they are dropped.
    DescriptorLimit.raise()
    let context = try ZeroMQContext()
    self.context = context
    let keys = try KeyRegistry(store, isInsecure: settings.isInsecure)
    self.keys = keys
    let (security, admission) = (keys.serverSecurity, keys.admission)
    let onRefusal: @Sendable (Admission.Refusal) -> Void = { queue.put(.refused($0)) }
    keyGuard =
      settings.isInsecure
      ? nil : try KeyGuard(in: context, asking: admission, onRefusal: onRefusal)
    protections = GenerationProtections(settings.protection, keys: keys.generationKeys)
    let incarnation = freshIncarnation()
    func address(_ offset: Int) -> String {
      "tcp://\(settings.listen):\(settings.port == 0 ? 0 : settings.port + offset)"
    }
    let control = try ControlServer(
      address: address(0), in: context, security: security, admission: admission,
      incarnation: incarnation
    ) { queue.put(.control($0)) }
    let bulk = try BulkServer(
      address: address(1), in: context, security: security, admission: admission,
      incarnation: incarnation, store: files, onRefusal: onRefusal)
    let relay = try ExchangeRelay(
      address: address(2), in: context, security: security, admission: admission,
      onRefusal: onRefusal)
    (self.control, self.bulk, self.relay) = (control, bulk, relay)
    let host =
      settings.advertise ?? (settings.listen == "0.0.0.0" ? HostFacts.name : settings.listen)
    func reachable(_ bound: String) -> String {
      "tcp://\(host):\(bound.split(separator: ":").last ?? "0")"
    }
    joinPath = settings.joinFile ?? "\(settings.store)/join.json"
    join = try keys.writeJoinFile(
      control: reachable(control.address), bulk: reachable(bulk.address),
      relay: reachable(relay.address), to: joinPath)
  }

  /// Ends `run`; from any thread.
  package func stop() {
    isStopping.store(true, ordering: .relaxed)
    queue.put(.stop)
  }

  /// Serves until `stop`.
  ///
  /// Throws: what makes going on unsafe, such as a store that takes no more records.
  package func run() throws {
    defer {
      control.stop()
      bulk.stop()
      relay.stop()
      keyGuard?.stop()
      do { try keys.keepSeen() } catch { note("when keys were last seen was not kept: \(error)") }
    }
    // What an earlier life put on record and had no time to carry out.
    for job in machine.status(at: now).jobs where job.state.isOver {
      guard let record = machine.record(of: job.job),
        !JobRecorder.hasEnding(in: store.folder(of: record.output))
      else { continue }
      close(job.job, job.state)
    }
    // What arrived after the last record of an earlier life, or was damaged since.
    for job in machine.status(at: now).jobs where !job.state.isOver {
      let known = try store.digests(
        after: machine.record(of: job.job)?.earlierCheckpoint?.position.step ?? 0, job: job.job,
        countMax: 1 << 16)
      machine.recall(known.commits, of: job.job)
      if files.newestCheckpoint(of: job.job).0 != job.checkpoint { try inspect(job.job) }
    }
    var lastTick = now
    while true {
      for event in queue.takeAll(waiting: 0.05) {
        switch event {
        case .stop: return
        case .control(let event): try handle(event)
        case .refused(let refusal): try tell(of: refusal.event)
        case .checkpoint(let job, let checkpoint):
          try decide(.checkpointStored(job, checkpoint))
          // Only now that the newer one is on record.
          files.prune(job, after: checkpoint)
        case .inspection(let job): try inspect(job)
        }
      }
      if now - lastTick >= .milliseconds(50) {
        lastTick = now
        try decide(.tick)
        try tell(of: nil)
        do { try keys.keepUp() } catch { note("when keys were last seen was not kept: \(error)") }
      }
    }
  }

  /// Looks which checkpoints of a job can be read, and tells the machine of the newest.
  private func inspect(_ job: JobID) throws {
    let (newest, problems) = files.newestCheckpoint(of: job)
    let recorded = machine.record(of: job)?.checkpoint
    if let newest, newest.position > recorded?.position ?? .beginning {
      try decide(.checkpointStored(job, newest))
    } else {
      let reason = problems.isEmpty ? "its files are gone" : problems.joined(separator: "; ")
      try decide(.checkpointDamaged(job, before: newest, reason: reason))
    }
  }

  var now: Moment { Moment(ContinuousClock.now - started) }

  private func handle(_ event: ControlServerEvent) throws {
    switch event {
    case .trouble(let text): try tell(of: text)
    case .refused(let peer, let refusal):
      try tell(of: refusal.event)
      if peer.role == .worker, refusal.isOver {
        try decide(.barred(peer.incarnation, reason: refusal.reason))
      }
    case .disconnected(let peer):
      if peer.role == .worker { try decide(.disconnected(peer.incarnation)) }
    case .message(let peer, let envelope):
      do {
        switch peer.role {
        case .worker:
          try decide(.worker(peer.incarnation, envelope.message(WorkerMessage.self)))
        case .operator:
          try answer(
            envelope.message(OperatorRequest.self), from: peer, envelope.header.request)
        case .coordinator: note("a message that claims to be from a coordinator was dropped")
        }
      } catch let error as WireError {
        note("a message from \(peer.role) \(peer.incarnation) was dropped: \(error)")
        if peer.role == .operator {
          control.send(
            OperatorReply.failure(Failure(reason: "\(error)")), to: peer,
            request: envelope.header.request)
        }
      }
    }
  }

  /// Tells of somebody who was refused, if not of too many already; nil if only time went by.
  func tell(of refusal: String?) throws {
    for text in refusals.add(refusal, at: .now) {
      try carryOut(.announce(ClusterEvent(.accessRefused, text)))
    }
  }

  func decide(_ event: CoordinatorEvent) throws {
    for action in machine.handle(event, at: now) { try carryOut(action) }
  }

  func carryOut(_ action: CoordinatorAction) throws {
    switch action {
    case .persist(let record):
      try persist(record)
      if case .job(let job) = record { remember(job) }
    case .send(let message, let incarnation):
      control.send(
        encoded(message), to: ControlPeer(role: .worker, incarnation: incarnation))
    case .answer(let question, let reply):
      if let (peer, request) = questions.removeValue(forKey: question) {
        control.send(reply, to: peer, request: request)
      }
    case .record where settings.isUnwatched: break
    case .record(let job, let reports):
      // A diary that cannot be written is no reason to end the training.
      let recorder = recorder(of: job)
      if let record = machine.record(of: job) { recorder?.add(record) }
      do {
        let (new, corrected) = try store.record(reports, of: job)
        recorder?.add(new)
        recorder?.correct(corrected)
      } catch {
        note("step reports of \(job) were not kept: \(error)")
      }
    case .announce(let event):
      var stamped = event
      do { stamped = try store.append(event) } catch {
        note("an event was not kept: \(error)")
      }
      note(stamped.line)
      if let job = stamped.job { recorder(of: job)?.log(stamped.line) }
    // Not now: what follows in the same list comes first.
    case .inspectCheckpoints(let job): queue.put(.inspection(job))
    case .jobEnded(let job, let state):
      close(job, state)
      files.keep { machine.record(of: $0) != nil }
    }
  }

  /// What lists a generation's members is encoded once for all of them.
  private func encoded(_ message: CoordinatorMessage) -> SharedFrame {
    guard case .prepare = message else { return control.encode(message) }
    if let last = lastPrepared, last.message == message { return last.frame }
    let frame = control.encode(protections.completed(message))
    lastPrepared = (message, frame)
    return frame
  }

  /// Waits while the disk is full: what is not durable must not be announced, and open generations
  /// train on meanwhile.
  private func persist(_ record: Record) throws {
    var isTold = false
    while true {
      do {
        try store.persist(record)
        if isTold { note("the store takes records again") }
        return
      } catch let problem as Store.Problem {
        guard case .full = problem, !isStopping.load(ordering: .relaxed) else { throw problem }
        if !isTold { note("\(problem)") }
        isTold = true
        Thread.sleep(forTimeInterval: 0.25)
      }
    }
  }

  /// Makes the job's folder known to the bulk plane.
  private func remember(_ record: JobRecord) {
    let folder = store.folder(of: record.output)
    files.know(record, folder: folder)
    guard record.generation == .zero, let checkpoint = record.request.checkpoint,
      let source = record.request.checkpointFolder
    else { return }
    do { try files.adopt(checkpoint, from: source, into: folder) } catch {
      // The workers will not find it and end the job with that reason.
      note("\(record.job): checkpoint \(source) cannot be taken into \(folder): \(error)")
    }
  }

  private func close(_ job: JobID, _ state: JobStatus.State) {
    files.writeDeliveries(of: job)
    recorder(of: job)?.end(state, machine.status(of: job))
    records[job] = nil
  }

  private func recorder(of job: JobID) -> JobRecorder? {
    if let recorder = records[job] { return recorder }
    guard let record = machine.record(of: job) else { return nil }
    let recorder = JobRecorder(
      folder: store.folder(of: record.output), specification: record.request.specification,
      catalog: catalog)
    records[job] = recorder
    return recorder
  }
}
