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
    let reply = try client.ask(request)
    if case .failure(let failure) = reply { throw failure }
    return reply
  }

  package func status() throws -> ClusterStatus {
    guard case .status(let status) = try ask(.status) else { throw Unexpected() }
    return status
  }

  package func show(_ job: JobID) throws -> JobDetail {
    guard case .job(let detail) = try ask(.show(job)) else { throw Unexpected() }
    return detail
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
