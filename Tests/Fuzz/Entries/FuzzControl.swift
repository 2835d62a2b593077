import Cluster
import Commands
import Messages

/// The input as an envelope, and as one message's kind and body, which mutations reach sooner.
func fuzzControl(_ bytes: [UInt8]) {
  if let envelope = try? Envelope(decoding: bytes) {
    readAll(envelope.kind, envelope.header, envelope.body)
  }
  guard let kind = bytes.first else { return }
  let header = Header(
    role: .worker, incarnation: Incarnation(1), job: JobID(1), generation: Generation(1),
    request: RequestID(1))
  readAll(UInt32(kind), header, Array(bytes.dropFirst()))
}

private func readAll(_ kind: UInt32, _ header: Header, _ body: [UInt8]) {
  read(WorkerMessage.self, kind, header, body)
  read(CoordinatorMessage.self, kind, header, body)
  read(OperatorRequest.self, kind, header, body)
  guard let reply = read(OperatorReply.self, kind, header, body) else { return }
  show(reply)
}

/// What was read can be written, and what was written read.
@discardableResult
func read<Message: Conversation>(
  _ type: Message.Type, _ kind: UInt32, _ header: Header, _ body: [UInt8]
) -> Message? {
  guard let message = try? Message(kind: kind, header: header, body: body) else { return nil }
  let bytes = Envelope.encode(message, from: header.role, incarnation: header.incarnation)
  // A message that was just below the limit may be longer with its envelope.
  guard bytes.count <= WireLimits.messageBytes else { return message }
  do {
    _ = try Envelope(decoding: bytes).message(Message.self)
  } catch { preconditionFailure("\(type) was read, written and could not be read again: \(error)") }
  return message
}

/// What the command line makes of a coordinator's answers.
private func show(_ reply: OperatorReply) {
  switch reply {
  case .status(let status):
    _ = statusText(status, columns: 100)
    _ = try? jsonText(StatusJSON(status))
    for job in status.jobs {
      let view = TrainingView(job)
      _ = view.plain
      _ = view.bar(columns: 80)
    }
  case .job(let detail): _ = jobPage(detail)
  case .files(let files):
    for file in files.files { _ = Numbers.bytes(file.size) }
  case .events(let events):
    for event in events.events { _ = event.line }
  case .keys(let keys): _ = KeyTable(now: 0).text(keys)
  case .jobs(let jobs): _ = jobTable(jobs.jobs).text()
  case .digests(let digests):
    for commit in digests.commits { _ = "\(commit.position) \(commit.digest)" }
  case .submitted, .logs, .cancelled, .draining, .issued, .failure: break
  }
}
