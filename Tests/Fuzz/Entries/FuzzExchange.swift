import Collectives
import Transport

/// The input as one frame; then a sequence of frames and pieces for the inboxes of a worker.
func fuzzExchange(_ bytes: [UInt8]) {
  if let frame = bytes.withUnsafeBytes({ ExchangeFrame($0) }) {
    let again = frame.encoded().withUnsafeBytes { ExchangeFrame($0) }
    precondition(again == frame, "a frame was read, written and read differently")
    _ = try? ExchangeHead(frame.head)
  }
  if let head = try? ExchangeHead(bytes) { _ = try? ExchangeHead(head.encoded()) }

  var input = FuzzInput(bytes)
  let inboxes = ExchangeInboxes()
  var current = inboxes.open(job: 1, generation: 1)
  for _ in 0..<64 where !input.isEmpty {
    switch input.choice(8) {
    case 0: current = inboxes.open(job: 1, generation: input.number())
    case 1: current.drop(before: input.number())
    case 2: _ = input.piece().withUnsafeBytes { ExchangeFrame($0) }
    default:
      let head = input.bytes(input.choice(16))
      let offset = Int(truncatingIfNeeded: input.number() & 0xFFFF)
      let piece = input.bytes(input.choice(64))
      let call = CallIdentifier(
        serial: input.number(), isBackground: input.choice(2) == 1,
        number: UInt32(truncatingIfNeeded: input.number()), phase: input.byte())
      let written = ExchangeFrame(
        job: 1, generation: UInt64(input.choice(4)), sender: UInt64(input.choice(3)),
        receiver: 1, call: call, replicas: 0..<1, offset: offset, length: piece.count,
        total: Int(clamping: input.number()), head: head
      ).encoded()
      guard let frame = written.withUnsafeBytes({ ExchangeFrame($0) }),
        let inbox = inboxes.inbox(job: frame.job, generation: frame.generation)
      else { continue }
      piece.withUnsafeBytes { inbox.add(frame, $0) }
    }
  }
  inboxes.endAll()
}
