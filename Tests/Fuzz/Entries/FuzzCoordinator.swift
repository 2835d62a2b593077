import Cluster
import Commands
import Coordination
import Foundation
import Messages

/// Events of all kinds from five processes that say what they like.
///
/// Whatever they say, the machine's answers can be sent, its records kept, and it grows by no more
/// than its bounds.
func fuzzCoordinator(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  var machine = CoordinatorMachine()
  var now = Moment()
  var records: [String: Record] = [:]
  for _ in 0..<200 where !input.isEmpty {
    now = now + .milliseconds(10 * input.choice(64))
    let event = coordinatorEvent(&input, machine)
    let actions = machine.handle(event, at: now)
    precondition(actions.count < 1_000, "\(actions.count) actions after one event")
    for action in actions { carryOut(action, &records) }
    if input.choice(16) == 0 { check(machine.status(at: now)) }
    if input.choice(64) == 0 {
      machine = CoordinatorMachine(records: records.keys.sorted().compactMap { records[$0] })
    }
  }
  check(machine.status(at: now))
}

private func coordinatorEvent(
  _ input: inout FuzzInput, _ machine: CoordinatorMachine
) -> CoordinatorEvent {
  let sender = Incarnation(UInt64(1 + input.choice(5)))
  switch input.choice(16) {
  case 0, 1: return .tick
  case 2: return .disconnected(sender)
  case 3:
    var request = JobRequest(
      name: "fuzz", specification: "{}", replicas: Int(clamping: Int64(input.choice(9)) - 1))
    request.workersMax = input.choice(4) == 0 ? input.choice(4) : nil
    return .submit(request, RequestID(1))
  case 4: return .cancel(JobID(UInt64(input.choice(4))), reason: "", RequestID(1))
  case 5:
    let position = Position(step: input.number())
    return .checkpointStored(
      JobID(UInt64(input.choice(4))), Checkpoint(name: "c", position: position, sha256: ""))
  case 6: return .drain(worker: "w\(input.choice(6))", reason: "", RequestID(1))
  case 7 where input.choice(4) == 0: return .barred(sender, reason: "")
  case 8:
    return .checkpointDamaged(JobID(UInt64(input.choice(4))), before: nil, reason: "")
  default:
    let job = input.choice(8) == 0 ? JobID(input.number()) : JobID(UInt64(input.choice(4)))
    let present = machine.record(of: job)?.generation ?? .zero
    let generation = input.choice(4) == 0 ? Generation(input.number()) : present
    let header = Header(
      role: .worker, incarnation: sender, job: job.number == 0 ? nil : job,
      generation: generation == .zero ? nil : generation)
    let kind = UInt32(1 + input.choice(9))
    guard let message = read(WorkerMessage.self, kind, header, input.piece()) else {
      return .tick
    }
    return .worker(sender, message)
  }
}

private func carryOut(_ action: CoordinatorAction, _ records: inout [String: Record]) {
  switch action {
  case .persist(let record):
    let key =
      switch record {
      case .job(let job): "\(job.job)"
      case .workersIssued: ""
      }
    do {
      records[key] = try RecordCoding.record(RecordCoding.bytes(of: record))
    } catch { preconditionFailure("a record cannot be kept: \(error)") }
  case .send(let message, _): checkSendable(message)
  case .answer(_, let reply): checkSendable(reply)
  case .record(_, let reports):
    for report in reports {
      do { _ = try RecordCoding.bytes(of: report) } catch {
        preconditionFailure("a report cannot be kept: \(error)")
      }
    }
  case .announce(let event): _ = event.line
  case .inspectCheckpoints, .jobEnded: break
  }
}

private func checkSendable(_ message: some Conversation) {
  let bytes = Envelope.encode(message, from: .coordinator, incarnation: Incarnation(9))
  precondition(bytes.count <= WireLimits.messageBytes, "an answer of \(bytes.count) bytes")
  do { _ = try decoded(message, bytes) } catch {
    preconditionFailure("an answer that nobody can read: \(error)")
  }
}

private func decoded<Message: Conversation>(
  _ message: Message, _ bytes: [UInt8]
) throws -> Message {
  try Envelope(decoding: bytes).message(Message.self)
}

private func check(_ status: ClusterStatus) {
  precondition(status.workers.count <= 5 + 64, "\(status.workers.count) workers of five processes")
  _ = statusText(status, columns: 100)
  checkSendable(OperatorReply.status(status))
}
