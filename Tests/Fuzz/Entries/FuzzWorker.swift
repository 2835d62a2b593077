import Coordination
import Messages

/// A coordinator that says what it likes, and a process that answers at any moment.
func fuzzWorker(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let hello = Hello(
    name: "w", host: "h", hostIdentity: "i", process: 1, build: "b", fingerprint: [],
    exchange: ExchangeAddress(), cores: 1, threads: 1)
  var machine = WorkerMachine(introduction: hello)
  var now = Moment()
  var isGone = false
  for _ in 0..<200 where !input.isEmpty {
    now = now + .milliseconds(10 * input.choice(64))
    let actions = machine.handle(workerEvent(&input, machine), at: now)
    precondition(!isGone || actions.isEmpty, "a worker that has left acts")
    precondition(actions.count <= 16, "\(actions.count) actions after one event")
    for action in actions {
      if case .exit = action { isGone = true }
      guard case .send(let message) = action else { continue }
      let bytes = Envelope.encode(message, from: .worker, incarnation: Incarnation(1))
      do { _ = try Envelope(decoding: bytes).message(WorkerMessage.self) } catch {
        preconditionFailure("a worker says what nobody can read: \(error)")
      }
    }
  }
}

private func workerEvent(_ input: inout FuzzInput, _ machine: WorkerMachine) -> WorkerEvent {
  let job = machine.standing?.job ?? JobID(1 + UInt64(input.choice(3)))
  let generation = machine.standing?.generation ?? Generation(UInt64(input.choice(4)))
  switch input.choice(16) {
  case 0, 1: return .tick
  case 2: return .connected
  case 3: return .disconnected
  case 4, 5:
    let committed = input.choice(2) == 0 ? nil : Position(step: input.number())
    return .prepared(job, generation, committed: committed, digest: "d")
  case 6: return .stateReady(job, generation)
  case 7: return .failed(job, generation, .link, reason: "r", peer: WorkerID(1), nil)
  case 8: return .finished(job, generation, scores: [], artifacts: [])
  case 9 where input.choice(8) == 0: return .leave(reason: "r")
  default:
    let about = input.choice(4) == 0 ? JobID(input.number()) : JobID(1 + UInt64(input.choice(3)))
    let number = input.number()
    let header = Header(
      role: .coordinator, incarnation: Incarnation(1), job: about.number == 0 ? nil : about,
      generation: number == 0 ? nil : Generation(number))
    let kind = UInt32(32 + input.choice(6))
    guard let message = read(CoordinatorMessage.self, kind, header, input.piece()) else {
      return .tick
    }
    return .received(message)
  }
}
