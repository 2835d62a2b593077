import Data
import Messages
import Transport

/// A message of the bulk plane; the list of a job's data; then a sequence of them, as both ends of a transfer meet them.
func fuzzBulk(_ bytes: [UInt8]) {
  if let envelope = try? Envelope(decoding: bytes) {
    read(BulkMessage.self, envelope.kind, envelope.header, envelope.body)
  }
  if let listing = try? FileListing(bytes: bytes, path: "data-files.txt") {
    precondition(
      (try? FileListing(bytes: listing.bytes, path: "data-files.txt")) == listing,
      "a list that is another one after its round trip")
  }
  var input = FuzzInput(bytes)
  let path = FuzzFolder.path + "/received"
  var receiver: FileReceiver?
  var sender: FileSender?
  let header = Header(
    role: .worker, incarnation: Incarnation(1), job: JobID(1), generation: Generation(1))
  for _ in 0..<64 where !input.isEmpty {
    let kind = [128, 129, 130, 131, 132, 133, 134, 135, 136][input.choice(9)]
    let body = input.piece()
    guard let message = read(BulkMessage.self, UInt32(kind), header, body) else { continue }
    switch message {
    case .offer(let offer):
      // What a file may be is the store's to say; the disk of who fuzzes is not to be filled.
      receiver = try? FileReceiver(
        path: path, temporary: path + ".part", size: offer.size % (8 << 20), sha256: offer.sha256)
    case .served(let served):
      receiver = try? FileReceiver(
        path: path, temporary: path + ".part", size: served.size % (8 << 20),
        sha256: served.sha256, keepsParts: true)
    case .chunk(let chunk):
      try? receiver?.add(input.piece(), at: chunk.offset)
      if let receiver, let credit = receiver.credit(chunk.transfer) {
        precondition(
          credit.limit <= receiver.size, "credit to \(credit.limit) of \(receiver.size)")
      }
      if receiver?.isComplete == true {
        try? receiver?.finish()
        receiver = nil
      }
    case .fetch(let fetch):
      sender = try? FileSender(
        path: FuzzFolder.write(Array(repeating: 1, count: 5_000), to: "sent"), from: fetch.offset)
    case .credit(let credit):
      sender?.grant(credit)
      while let chunk = try? sender?.next() {
        precondition(chunk.bytes.count <= WireLimits.chunkBytes, "a chunk above its bound")
      }
    case .stored, .failed: (receiver, sender) = (nil, nil)
    case .readBlocks, .blocks: break
    }
  }
}
