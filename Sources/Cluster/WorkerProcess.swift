import Coordination
import Foundation
import Messages
import Synchronization
import Training
import Transport

/// A worker: its machine's decisions turned into sockets, a training thread and exchange links.
///
/// The deciding thread never computes and never waits for a step; training has a thread of its own
/// (`WorkerJob`).
package final class WorkerProcess: @unchecked Sendable {
  package struct Settings: Sendable {
    package var name: String
    /// Replicas that compute at once.
    package var threads: Int
    package var exchange = ExchangeMode.direct
    /// Bytes; 0 for no limit.
    package var memoryLimit: UInt64 = 0
    /// Address that workers on other hosts reach this one by.
    package var advertise: String?
    /// How long a worker that was asked to go may take to hand over.
    package var grace = WorkerSettings().farewell
    /// Folder for drafts of checkpoints and downloads; removed at the end.
    package var scratch: String
    /// Where blocks of served data are kept, with the host's other workers; nil for nowhere.
    package var cache: Cache?
    /// Called between a commit and its digest: tests spoil a state here as a faulty memory would.
    package var beforeDigest: (@Sendable (Trainer) -> Void)?

    /// A folder of the host, and the bytes that it may hold.
    package struct Cache: Sendable {
      package var folder: String
      package var bytesMax: Int

      package init(folder: String, bytesMax: Int) {
        self.folder = folder
        self.bytesMax = bytesMax
      }
    }

    package init(name: String, threads: Int, scratch: String) {
      self.name = name
      self.threads = threads
      self.scratch = scratch
    }
  }

  private enum Event: Sendable {
    case control(ControlClientEvent)
    case machine(WorkerEvent)
    case send(WorkerMessage)
    case stop
  }

  private let settings: Settings
  private let join: JoinFile
  private let queue = EventQueue<Event>()
  private let context: ZeroMQContext
  private let client: ControlClient
  private let admission: ExchangeGuard?
  private let endpoint: ExchangeEndpoint
  private let job: WorkerJob
  private let started = ContinuousClock.now
  private let note: @Sendable (String) -> Void
  private var machine: WorkerMachine
  /// Step reports that the coordinator may not have: all that were made while it was away, at most
  /// `unsentMax`, and the last `unsureMax` that were sent, which a coordinator that was killed may
  /// not have read.
  private var reports: [WorkerMessage] = []
  private static let unsentMax = 100_000
  /// Whether something of the present generation goes through the coordinator's relay.
  private var isRelayed = false
  private static let unsureMax = 32

  /// Connects in the background.
  ///
  /// `note`: A line for the person who started it.
  ///
  /// Throws: `TransportError`.
  package init(
    _ settings: Settings, join: JoinFile, catalog: Catalog,
    note: @escaping @Sendable (String) -> Void
  ) throws {
    self.settings = settings
    self.join = join
    self.note = note
    context = try ZeroMQContext()
    let incarnation = freshIncarnation()
    let isSecure = join.security != .insecure
    admission = isSecure ? try ExchangeGuard(in: context) : nil
    // Other hosts reach this one by the address it has on the way to the coordinator.
    let address = settings.advertise ?? HostFacts.address(toward: join.control)
    endpoint = try ExchangeEndpoint(
      context: context, incarnation: incarnation, listen: "tcp://0.0.0.0:*", reachedAs: address,
      host: HostFacts.identity, admission: admission, note: note)
    var introduction = Hello(
      name: settings.name, host: HostFacts.name, hostIdentity: HostFacts.identity,
      process: UInt32(ProcessInfo.processInfo.processIdentifier), build: Fingerprint.build,
      fingerprint: Fingerprint.items,
      exchange: Messages.ExchangeAddress(endpoint.address, settings.exchange),
      cores: UInt32(HostFacts.cores), threads: UInt32(settings.threads))
    introduction.memoryLimit = settings.memoryLimit
    var patience = WorkerSettings()
    patience.farewell = settings.grace
    machine = WorkerMachine(introduction: introduction, settings: patience)
    let queue = queue
    let bulk = try BulkClient(
      address: join.bulk, in: context, security: join.security, role: .worker,
      incarnation: incarnation)
    let (context, security) = (context, join.security)
    let data = WorkerData(
      cache: settings.cache,
      sampleBytes: settings.memoryLimit == 0
        ? RecipeData.memoryBytes : min(RecipeData.memoryBytes, Int(settings.memoryLimit / 8)),
      note: note
    ) {
      try BlockClient(
        address: join.bulk, in: context, security: security, incarnation: incarnation)
    }
    job = WorkerJob(
      links: WorkerLinks(
        endpoint: endpoint,
        route: settings.exchange.route(relay: join.relay, security: join.security),
        relay: ExchangeMode.hub.route(relay: join.relay, security: join.security)),
      bulk: bulk, data: data, catalog: catalog, threads: settings.threads,
      scratch: settings.scratch,
      beforeDigest: settings.beforeDigest,
      tell: { queue.put(.machine($0)) }, send: { queue.put(.send($0)) }, note: note)
    client = try ControlClient(
      address: join.control, in: context, security: join.security,
      as: ControlPeer(role: .worker, incarnation: incarnation)
    ) { queue.put(.control($0)) }
  }

  /// Asks the worker to hand over and go; from any thread.
  package func leave(_ reason: String) { queue.put(.machine(.leave(reason: reason))) }

  /// Ends `run` at once.
  package func stop() { queue.put(.stop) }

  /// Serves until it left or was stopped.
  ///
  /// Throws: `TransportError` when the coordinator will never admit this process.
  package func run() throws {
    defer {
      job.stop()
      client.stop()
      endpoint.close()
      admission?.stop()
      try? FileManager.default.removeItem(atPath: settings.scratch)
    }
    var lastTick = now
    while true {
      for event in queue.takeAll(waiting: 0.05) {
        switch event {
        case .stop: return
        case .send(let message): report(message)
        case .machine(let event): if handle(event) { return }
        case .control(let event): if try handle(event) { return }
        }
      }
      if now - lastTick >= .milliseconds(50) {
        lastTick = now
        if handle(WorkerEvent.tick) { return }
      }
    }
  }

  private var now: Moment { Moment(ContinuousClock.now - started) }

  private func handle(_ event: ControlClientEvent) throws -> Bool {
    switch event {
    case .connected: return handle(WorkerEvent.connected)
    case .disconnected:
      note("the connection to the coordinator broke; trying again")
      let isDone = handle(WorkerEvent.disconnected)
      // What was under way through the relay is lost: without a new generation the step would wait
      // for it for ever.
      if isRelayed, let standing = machine.standing {
        return handle(
          .failed(
            standing.job, standing.generation, .link, reason: "the relay was gone", peer: nil, nil))
      }
      return isDone
    case .refused(let error): throw join.explain(error)
    case .trouble(let text): note(text)
    case .message(let envelope):
      do {
        let message = try envelope.message(CoordinatorMessage.self)
        if case .refused(let refusal) = message, refusal.field == Failure.keyField {
          throw TransportError.notAllowed(reason: refusal.reason)
        }
        return handle(WorkerEvent.received(message))
      } catch let error as WireError {
        note("a message of the coordinator was dropped: \(error)")
      }
    }
    return false
  }

  /// Sends a training's report; again, should the coordinator come back.
  private func report(_ message: WorkerMessage) {
    if case .stepReports(let new) = message, let first = new.reports.first?.position {
      // What is said again here need not be kept twice; of steps that are made anew, only this.
      while case .stepReports(let old)? = reports.last, old.job == new.job,
        let last = old.reports.last?.position, last >= first
      {
        reports.removeLast()
      }
    }
    reports.append(message)
    let surplus = reports.count - (machine.isMember ? Self.unsureMax : Self.unsentMax)
    if surplus > 0 { reports.removeFirst(surplus) }
    if machine.isMember { client.send(message) }
  }

  /// Whether the process is done.
  private func handle(_ event: WorkerEvent) -> Bool {
    let actions = machine.handle(event, at: now)
    if case .received(.welcome) = event {
      // In order, so before new ones, and before what the machine has to say, such as that the job
      // is finished.
      for message in reports { client.send(message) }
    }
    for action in actions {
      switch action {
      case .send(let message): client.send(message)
      case .heartbeat(let id, let generation, let phase):
        client.send(WorkerMessage.heartbeat(job.heartbeat(id, generation, phase: phase)))
      case .stopStep(let id, let generation): job.endStep(of: id, generation)
      case .startJob(let prepare), .joinGeneration(let prepare):
        note("\(prepare.job) \(prepare.generation): \(prepare.reason)")
        isRelayed =
          settings.exchange == .hub
          || prepare.relayed.contains { pair in
            machine.worker.map { pair.other(than: $0) != nil } ?? false
          }
        job.post(.prepare(prepare))
      case .warmUp(let prepare):
        note("\(prepare.job): \(prepare.reason)")
        job.post(.warmUp(prepare))
      case .pause(let id, let generation, let until): job.pause(id, generation, until: until)
      case .goOn(let id, let generation): job.goOn(id, generation)
      case .fetchState(let id, let generation, let source, _, let digest):
        job.post(.fetch(id, generation, from: source, digest: digest))
      case .loadCheckpoint(let id, let generation, let checkpoint):
        job.post(.load(id, generation, checkpoint))
      case .beginAgain(let id, let generation): job.post(.beginAgain(id, generation))
      case .openGeneration(let id, let generation): job.post(.open(id, generation))
      case .abandon(let id, let cause, let reason):
        note("\(id) \(cause.rawValue)" + (reason.isEmpty ? "" : ": \(reason)"))
        let saving: WorkerJob.Saving =
          switch cause {
          case .cancelled: .onLeader
          case .drained: .here
          case .finished, .failed, .left, .expelled: .nowhere
          }
        job.post(.abandon(id, saving))
      case .refused(let refusal):
        note(
          "refused: \(refusal.reason)"
            + (refusal.field.isEmpty
              ? "" : " (\(refusal.field): \(refusal.ours) there, \(refusal.theirs) here)"))
      case .exit(let reason):
        note("leaving: \(reason)")
        return true
      }
    }
    return false
  }
}
