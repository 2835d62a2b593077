// The coordinator's end of the bulk plane, on its own socket and thread: a checkpoint on its way
// must not delay a heartbeat.

import CZeroMQ
import Messages

/// What the bulk plane asks of the store. Called on its thread.
package protocol BulkStore: Sendable {
  /// Where an offered file goes; or throws `Failure` why it may not (unknown job, old generation).
  func place(_ offer: Offer, from sender: Incarnation) throws(Failure) -> String
  /// Why a worker may not touch the files of a job; nil if it may. Asked about each transfer of
  /// a process that speaks as a worker.
  func objection(to sender: Incarnation, of job: JobID) -> Failure?
  /// The same of a file that it reads, or of the job's data for no name.
  func objection(to sender: Incarnation, reading name: String?, of job: JobID) -> Failure?
  /// The file is complete, checked and durable at its place.
  func didStore(_ offer: Offer, at path: String, from sender: Incarnation)
  /// Where a wanted file is; or throws `Failure`.
  func find(_ fetch: Fetch) throws(Failure) -> String
  /// Blocks of a job's data. Called on threads that do nothing else, several at once.
  func read(_ request: ReadBlocks) throws(Failure) -> BlockBytes
}

extension BulkStore {
  package func objection(to sender: Incarnation, of job: JobID) -> Failure? { nil }

  package func objection(to sender: Incarnation, reading name: String?, of job: JobID) -> Failure? {
    objection(to: sender, of: job)
  }

  package func read(_ request: ReadBlocks) throws(Failure) -> BlockBytes {
    throw Failure(reason: "no data is served here")
  }
}

package final class BulkServer: Sendable {
  /// Where clients connect, as bound.
  package let address: String
  private let stopping: Mailbox<Void>
  private let thread: OwnedThread

  /// `admission` is asked about every message; `onRefusal` is called on the server's thread.
  package init(
    address: String, in context: ZeroMQContext, security: ServerSecurity,
    admission: Admission = .everybody, incarnation: Incarnation, store: some BulkStore,
    onRefusal: @escaping @Sendable (Admission.Refusal) -> Void = { _ in }
  ) throws(TransportError) {
    let router = try ZeroMQSocket(.router, in: context)
    try router.secure(security)
    router.bound(messageBytes: WireLimits.messageBytes, queued: 64)
    router.refuseWhatCannotBeSent()
    self.address = try router.bind(address)
    let stopping = try Mailbox<Void>(capacity: 1)
    self.stopping = stopping
    let handed = Handed(router)
    let replies = try Mailbox<BlockReaders.Reply>(capacity: .max)
    let readers = try BlockReaders(store, replies: replies)
    thread = try OwnedThread(name: "bulk") {
      BulkLoop(
        router: handed.take(), store: store, admission: admission, incarnation: incarnation,
        readers: readers, onRefusal: onRefusal
      ).run(stopping, replies)
      readers.stop()
    }
  }

  package func stop() {
    stopping.put(())
    thread.join()
  }
}

private final class BulkLoop {
  private struct Key: Hashable {
    var identity: [UInt8]
    var transfer: TransferID
  }

  private enum Stream {
    case incoming(FileReceiver, Offer, Incarnation)
    case outgoing(FileSender)
  }

  private let router: ZeroMQSocket
  private let store: any BulkStore
  private let admission: Admission
  private let incarnation: Incarnation
  private let onRefusal: @Sendable (Admission.Refusal) -> Void
  private let readers: BlockReaders
  /// Read for connections whose queue is full, with when.
  private var unsent: [(reply: BlockReaders.Reply, since: ContinuousClock.Instant)] = []
  private var streams: [Key: (stream: Stream, lastHeard: ContinuousClock.Instant)] = [:]

  private static let streamsMax = 256
  private static let patience = Duration.seconds(60)
  /// After which a reply that its reader does not take is dropped; it will ask again.
  private static let replyPatience = Duration.seconds(10)

  init(
    router: ZeroMQSocket, store: any BulkStore, admission: Admission, incarnation: Incarnation,
    readers: BlockReaders, onRefusal: @escaping @Sendable (Admission.Refusal) -> Void
  ) {
    self.router = router
    self.store = store
    self.admission = admission
    self.incarnation = incarnation
    self.readers = readers
    self.onRefusal = onRefusal
  }

  func run(_ stopping: Mailbox<Void>, _ replies: Mailbox<BlockReaders.Reply>) {
    var poller = Poller()
    poller.add(router)
    poller.add(descriptor: stopping.descriptor)
    poller.add(descriptor: replies.descriptor)
    while true {
      let isIdle = pump()
      poller.wait(milliseconds: isIdle && unsent.isEmpty ? 1_000 : 2)
      if !stopping.takeAll().isEmpty { return }
      let now = ContinuousClock.now
      let waiting = unsent + replies.takeAll().map { ($0, now) }
      unsent = waiting.filter { !hasSent($0.reply, since: $0.since, now) }
      for _ in 0..<16 {
        guard let received = router.receiveStamped() else { break }
        read(received)
      }
      for (key, entry) in streams where now - entry.lastHeard >= Self.patience { forget(key) }
    }
  }

  /// Sends what credit allows; false while a peer's queue is full and must be tried again.
  private func pump() -> Bool {
    var isIdle = true
    for (key, entry) in streams {
      guard case .outgoing(let sender) = entry.stream, waiting[key] != nil || sender.hasCredit
      else { continue }
      do throws(TransportError) {
        while let chunk = try nextChunk(key, sender) {
          let head = encode(.chunk(Chunk(transfer: key.transfer, offset: chunk.offset)))
          switch router.send([key.identity, head, chunk.bytes]) {
          case .sent: continue
          case .full:
            waiting[key] = chunk
            isIdle = false
          case .unroutable: forget(key)
          }
          break
        }
      } catch {
        fail(key, "\(error)", "")
      }
    }
    return isIdle
  }

  private func nextChunk(
    _ key: Key, _ sender: FileSender
  ) throws(TransportError) -> (offset: UInt64, bytes: [UInt8])? {
    if let chunk = waiting.removeValue(forKey: key) { return chunk }
    return try sender.next()
  }

  /// Whether nothing more is to be done with a reader's answer.
  private func hasSent(
    _ reply: BlockReaders.Reply, since: ContinuousClock.Instant, _ now: ContinuousClock.Instant
  ) -> Bool {
    let message: BulkMessage
    var payload: SharedFrame?
    switch reply.result {
    case .success(let blocks):
      message = .blocks(Blocks(transfer: reply.transfer, hashes: blocks.hashes))
      payload = blocks.frame
    case .failure(let failure):
      message = .failed(
        TransferFailed(
          transfer: reply.transfer, reason: failure.reason, advice: failure.advice,
          isPassing: failure.isPassing))
    }
    if router.send([reply.identity, encode(message)], then: payload) == .full,
      now - since < Self.replyPatience
    {
      return false
    }
    readers.release(reply)
    return true
  }

  /// Chunks read but not yet taken by a full queue, one a stream.
  private var waiting: [Key: (offset: UInt64, bytes: [UInt8])] = [:]

  private func read(_ received: ZeroMQSocket.Received) {
    let frames = received.frames
    guard frames.count >= 2 else { return }
    do throws(WireError) {
      let envelope = try Envelope(decoding: frames[1])
      let (role, sender) = (envelope.header.role, envelope.header.incarnation)
      let message = try envelope.message(BulkMessage.self)
      do throws(Admission.Refusal) {
        try admission.check(received.user, as: role, sender)
      } catch {
        onRefusal(error)
        fail(Key(identity: frames[0], transfer: message.transfer), error.reason, "")
        return
      }
      if let failure = objection(to: message, role, sender) {
        fail(
          Key(identity: frames[0], transfer: message.transfer), failure.reason, failure.advice,
          isPassing: failure.isPassing)
        return
      }
      handle(message, frames, sender)
    } catch {
      if case .protocolMismatch = error { _ = router.send([frames[0], Envelope.preamble()]) }
    }
  }

  /// Workers move the files of their own jobs; who operates or looks takes and brings nothing.
  private func objection(
    to message: BulkMessage, _ role: Role, _ sender: Incarnation
  ) -> Failure? {
    switch (message, role) {
    case (.offer(let offer), .worker): store.objection(to: sender, of: offer.job)
    case (.fetch(let fetch), .worker):
      store.objection(to: sender, reading: fetch.name, of: fetch.job)
    case (.readBlocks(let read), .worker):
      store.objection(to: sender, reading: nil, of: read.job)
    case (.offer, _): Failure(reason: "only a job's workers put files into its folder")
    case (.readBlocks, _): Failure(reason: "only a job's workers read its data")
    default: nil
    }
  }

  private func handle(_ message: BulkMessage, _ frames: [[UInt8]], _ sender: Incarnation) {
    let identity = frames[0]
    let now = ContinuousClock.now
    switch message {
    case .offer(let offer):
      let key = Key(identity: identity, transfer: offer.transfer)
      guard streams.count < Self.streamsMax else {
        fail(key, "the coordinator is busy with \(streams.count) files", "try again later")
        return
      }
      do {
        let path = try store.place(offer, from: sender)
        // Two workers may send the same file; each has a temporary one of its own.
        let temporary = "\(path).part-\(sender)-\(offer.transfer.number)"
        let receiver = try FileReceiver(
          path: path, temporary: temporary, size: offer.size, sha256: offer.sha256)
        streams[key] = (.incoming(receiver, offer, sender), now)
        advance(key, receiver, offer, sender)
      } catch let failure as Failure {
        fail(key, failure.reason, failure.advice)
      } catch {
        fail(key, "\(error)", "make room on the coordinator's disk, or check its rights")
      }
    case .chunk(let chunk):
      let key = Key(identity: identity, transfer: chunk.transfer)
      guard case .incoming(let receiver, let offer, let sender) = streams[key]?.stream else {
        fail(key, "the coordinator knows nothing of this transfer", "send it again")
        return
      }
      do throws(TransportError) {
        try receiver.add(frames.count == 3 ? frames[2] : [], at: chunk.offset)
        streams[key]?.lastHeard = now
        advance(key, receiver, offer, sender)
      } catch {
        fail(key, "\(error)", "make room on the coordinator's disk")
      }
    case .fetch(let fetch): serve(fetch, Key(identity: identity, transfer: fetch.transfer), now)
    case .credit(let credit):
      let key = Key(identity: identity, transfer: credit.transfer)
      guard case .outgoing(let sender) = streams[key]?.stream else {
        fail(key, "the coordinator knows nothing of this transfer", "fetch it again")
        return
      }
      sender.grant(credit)
      streams[key]?.lastHeard = now
    case .stored(let transfer): forget(Key(identity: identity, transfer: transfer))
    case .failed(let failure): forget(Key(identity: identity, transfer: failure.transfer))
    case .readBlocks(let request):
      guard !readers.add(BlockReaders.Task(identity: identity, request: request)) else { return }
      fail(
        Key(identity: identity, transfer: request.transfer), "the coordinator is busy", "",
        isPassing: true)
    case .served, .blocks: break
    }
  }

  private func advance(
    _ key: Key, _ receiver: FileReceiver, _ offer: Offer, _ sender: Incarnation
  ) {
    guard receiver.isComplete else {
      if let credit = receiver.credit(key.transfer) { reply(.credit(credit), key) }
      return
    }
    do throws(TransportError) {
      try receiver.finish()
      streams[key] = nil
      store.didStore(offer, at: receiver.path, from: sender)
      reply(.stored(key.transfer), key)
    } catch {
      fail(key, "\(error)", "send it again")
    }
  }

  private func serve(_ fetch: Fetch, _ key: Key, _ now: ContinuousClock.Instant) {
    guard streams.count < Self.streamsMax else {
      fail(key, "the coordinator is busy with \(streams.count) files", "try again later")
      return
    }
    do {
      let path = try store.find(fetch)
      let (size, sha256) = try FileHash.of(path)
      guard fetch.offset <= size else {
        fail(key, "\(fetch.name) has only \(size) bytes now", "fetch it from its beginning")
        return
      }
      streams[key] = (.outgoing(try FileSender(path: path, from: fetch.offset)), now)
      reply(.served(Served(transfer: key.transfer, size: size, sha256: sha256)), key)
    } catch let failure as Failure {
      fail(key, failure.reason, failure.advice, isPassing: failure.isPassing)
    } catch {
      fail(key, "\(error)", "")
    }
  }

  private func forget(_ key: Key) {
    streams[key] = nil
    waiting[key] = nil
  }

  private func fail(_ key: Key, _ reason: String, _ advice: String, isPassing: Bool = false) {
    forget(key)
    reply(
      .failed(
        TransferFailed(
          transfer: key.transfer, reason: reason, advice: advice, isPassing: isPassing)), key)
  }

  // Replies are small and few; a peer that takes none of 64 is dropped by its silence.
  private func reply(_ message: BulkMessage, _ key: Key) {
    _ = router.send([key.identity, encode(message)])
  }

  private func encode(_ message: BulkMessage) -> [UInt8] {
    Envelope.encode(message, from: .coordinator, incarnation: incarnation)
  }
}
