import Messages
import Transport

/// Questions to a coordinator, each with its answer's type.
package final class ClusterConnection {
  private let join: JoinFile
  private let context: ZeroMQContext
  private let client: OperatorClient

  /// Throws: `TransportError`.
  package init(_ join: JoinFile) throws {
    self.join = join
    context = try ZeroMQContext()
    client = try OperatorClient(address: join.control, in: context, security: join.security)
  }

  /// Throws: `Failure` for what the coordinator refuses; `TransportError`.
  private func ask(_ request: OperatorRequest) throws -> OperatorReply {
    let reply: OperatorReply
    do throws(TransportError) { reply = try client.ask(request) } catch {
      throw join.explain(error)
    }
    guard case .failure(let failure) = reply else { return reply }
    if failure.field == Failure.keyField { throw TransportError.notAllowed(reason: failure.reason) }
    throw failure
  }

  package func status() throws -> ClusterStatus {
    guard case .status(let status) = try ask(.status) else { throw Unexpected() }
    return status
  }

  package func show(_ job: JobID) throws -> JobDetail {
    guard case .job(let detail) = try ask(.show(job)) else { throw Unexpected() }
    return detail
  }

  /// All jobs there ever were, in the order of their numbers.
  package func jobs() throws -> [JobStatus] {
    var jobs: [JobStatus] = []
    while true {
      let request = JobsRequest(after: jobs.last?.job.number ?? 0)
      guard case .jobs(let page) = try ask(.jobs(request)) else { throw Unexpected() }
      jobs += page.jobs
      if page.isComplete || page.jobs.isEmpty { return jobs }
    }
  }

  package func submit(_ submit: Submit) throws -> Submitted {
    guard case .submitted(let submitted) = try ask(.submit(submit)) else { throw Unexpected() }
    return submitted
  }

  package func cancel(_ job: JobID, reason: String) throws {
    guard case .cancelled = try ask(.cancel(CancelRequest(job: job, reason: reason))) else {
      throw Unexpected()
    }
  }

  /// Returns the worker that leaves; `worker`: its number or its name.
  package func drain(_ worker: String, reason: String) throws -> WorkerID {
    let request = DrainRequest(worker: worker, reason: reason)
    guard case .draining(let id) = try ask(.drain(request)) else { throw Unexpected() }
    return id
  }

  package func logs(_ job: JobID, from offset: UInt64) throws -> Logs {
    guard case .logs(let logs) = try ask(.logs(LogsRequest(job: job, offset: offset))) else {
      throw Unexpected()
    }
    return logs
  }

  package func events(after number: UInt64, of job: JobID?) throws -> Events {
    let request = EventsRequest(job: job, after: number)
    guard case .events(let events) = try ask(.events(request)) else { throw Unexpected() }
    return events
  }

  package func files(_ job: JobID) throws -> [Artifact] {
    guard case .files(let files) = try ask(.files(job)) else { throw Unexpected() }
    return files.files
  }

  /// All recorded digests of a job, and what its arithmetic was fixed to.
  package func digests(_ job: JobID) throws -> (commits: [CommitDigest], fingerprint: [NamedText]) {
    var commits: [CommitDigest] = []
    while true {
      let request = DigestsRequest(job: job, after: commits.last?.position.step ?? 0)
      guard case .digests(let page) = try ask(.digests(request)) else { throw Unexpected() }
      commits += page.commits
      // A page that brings nothing new would be asked for for ever.
      let isStuck = (page.commits.last?.position.step ?? 0) <= request.after
      if page.isComplete || isStuck { return (commits, page.fingerprint) }
    }
  }

  /// A join file with a key of its own, which the coordinator knows from now on. The pair is made
  /// here: its secret half goes into the file and nowhere else.
  package func issue(
    name: String?, roles: [KeyRole], seconds: UInt64?
  ) throws -> (KeyRecord, JoinFile) {
    guard case .curve(_, let serverKey) = join.security else {
      throw Failure(
        reason: "this cluster runs with --insecure: its join file has no keys",
        advice: "start the coordinator without --insecure")
    }
    let pair = try KeyPair.generate()
    let name =
      name ?? roles.map(\.rawValue).joined(separator: "-") + "-"
      + fingerprint(pair.publicKey).prefix(6)
    let request = TokenRequest(
      name: name, roles: roles, seconds: seconds, publicKey: pair.publicKey)
    guard case .issued(let key) = try ask(.issue(request)) else { throw Unexpected() }
    var file = JoinFile(
      control: join.control, bulk: join.bulk, relay: join.relay,
      security: .curve(own: pair, serverKey: serverKey))
    (file.name, file.roles, file.expiresAt) = (key.name, key.roles, key.expiresAt)
    return (key, file)
  }

  package func keys() throws -> [KeyRecord] {
    guard case .keys(let keys) = try ask(.keys) else { throw Unexpected() }
    return keys
  }

  /// `key`: A name or a fingerprint.
  package func revoke(_ key: String) throws -> KeyRecord {
    guard case .keys(let keys) = try ask(.revoke(key)), let key = keys.first else {
      throw Unexpected()
    }
    return key
  }

  /// One file of a job at a time, over the bulk plane.
  package func bulk() throws -> BulkClient {
    try BulkClient(
      address: join.bulk, in: context, security: join.security, role: .operator,
      incarnation: freshIncarnation())
  }

  /// The coordinator answered another question than was asked: a fault of its program.
  private struct Unexpected: ExplainedError {
    var description: String { "the coordinator's answer is of another kind than the question" }
  }
}
