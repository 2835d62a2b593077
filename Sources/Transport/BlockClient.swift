// A worker's way to the blocks of its job's data, on a thread and a connection of its own.

import CZeroMQ
import Messages

/// A block that is wanted, and who gets it.
package struct BlockRequest: Sendable {
  package let receiver: BlockReceiver
  package let address: BlockAddress
  package let byteCount: Int
  package let isUrgent: Bool

  package init(
    to receiver: BlockReceiver, address: BlockAddress, byteCount: Int, isUrgent: Bool
  ) {
    self.receiver = receiver
    self.address = address
    self.byteCount = byteCount
    self.isUrgent = isUrgent
  }
}

/// Gets blocks of a job's data, several at a time: small ones come many in a message.
package final class BlockReceiver: Sendable {
  package struct Delivery: Sendable {
    package let address: BlockAddress
    package let answer: Answer
  }

  package enum Answer: Sendable {
    /// With the hash that came with them; nobody has compared the two yet.
    case bytes([UInt8], hash: UInt64)
    case refused(Failure)
  }

  let job: JobID
  let listing: [UInt8]
  let deliver: @Sendable ([Delivery]) -> Void

  /// `listing`: SHA-256 of the listing that addresses refer to.
  ///
  /// `deliver`: Called on the client's thread, with each block once, unless the client is stopped
  /// before.
  package init(
    job: JobID, listing: [UInt8], deliver: @escaping @Sendable ([Delivery]) -> Void
  ) {
    self.job = job
    self.listing = listing
    self.deliver = deliver
  }
}

/// Keeps several requests under way, up to a number of bytes. A request has no state at the
/// coordinator: after a broken connection, or a coordinator's restart, what has not arrived is asked
/// for again.
package final class BlockClient: Sendable {
  private let requests: Mailbox<[BlockRequest]>
  private let stopping: Mailbox<Void>
  private let thread: OwnedThread

  /// What may be under way.
  static let windowBytes = 8 << 20
  static let messagesMax = 32

  /// Connects in the background.
  package init(
    address: String, in context: ZeroMQContext, security: ClientSecurity, incarnation: Incarnation
  ) throws(TransportError) {
    let (dealer, monitor) = try connectedDealer(
      address, context, security, identity: nil, queued: 64)
    let requests = try Mailbox<[BlockRequest]>(capacity: .max)
    let stopping = try Mailbox<Void>(capacity: 1)
    (self.requests, self.stopping) = (requests, stopping)
    let handed = Handed((dealer, monitor))
    thread = try OwnedThread(name: "data") {
      let (dealer, monitor) = handed.take()
      BlockLoop(dealer: dealer, monitor: monitor, incarnation: incarnation)
        .run(requests, stopping)
    }
  }

  /// Asks for blocks; how many may wait is the caller's to bound. From any thread.
  package func request(_ blocks: [BlockRequest]) { requests.put(blocks) }

  /// Ends the thread; what has not been delivered never will be.
  package func stop() {
    stopping.put(())
    thread.join()
  }
}

private final class BlockLoop {
  private struct Flight {
    let blocks: [BlockRequest]
    let byteCount: Int
  }

  private let dealer: ZeroMQSocket
  private let monitor: ConnectionMonitor
  private let incarnation: Incarnation
  private var urgent = Queue()
  private var ahead = Queue()
  private var flights: [TransferID: Flight] = [:]
  private var flightBytes = 0
  private var transfers: UInt64 = 0
  private var isConnected = false
  private var lastHeard = ContinuousClock.now
  /// Before which nothing is asked, because the coordinator was busy.
  private var quietUntil: ContinuousClock.Instant?

  /// Nothing arrived for so long: what is under way is lost.
  private static let patience = Duration.seconds(30)
  private static let pause = Duration.milliseconds(200)

  private struct Queue {
    private var requests: [BlockRequest] = []
    private var start = 0

    var first: BlockRequest? { start < requests.count ? requests[start] : nil }

    mutating func append(_ request: BlockRequest) { requests.append(request) }

    mutating func putBack(_ more: [BlockRequest]) {
      requests.replaceSubrange(..<start, with: more)
      start = 0
    }

    mutating func removeFirst() {
      start += 1
      if start == requests.count { (requests, start) = ([], 0) }
    }
  }

  init(dealer: ZeroMQSocket, monitor: ConnectionMonitor, incarnation: Incarnation) {
    self.dealer = dealer
    self.monitor = monitor
    self.incarnation = incarnation
  }

  func run(_ requests: Mailbox<[BlockRequest]>, _ stopping: Mailbox<Void>) {
    var poller = Poller()
    poller.add(dealer)
    poller.add(monitor.socket)
    poller.add(descriptor: requests.descriptor)
    poller.add(descriptor: stopping.descriptor)
    while true {
      poller.wait(milliseconds: 100)
      if poller.isReadable(3) { return }
      for request in requests.takeAll().joined() {
        if request.isUrgent { urgent.append(request) } else { ahead.append(request) }
      }
      while let event = monitor.next() {
        switch event {
        case .established: isConnected = true
        case .lost:
          isConnected = false
          askAgain()
        // The control plane's connection says so to people.
        case .denied, .misunderstood: break
        }
      }
      while let frames = dealer.receiveShared() {
        lastHeard = .now
        read(frames)
        // What was delivered makes room; the line should not run dry meanwhile.
        send()
      }
      if flights.isEmpty { lastHeard = .now }
      if ContinuousClock.now - lastHeard >= Self.patience { askAgain() }
      send()
    }
  }

  /// Puts what is under way back in front.
  private func askAgain() {
    let lost = flights.sorted { $0.key.number < $1.key.number }.flatMap(\.value.blocks)
    flights = [:]
    flightBytes = 0
    lastHeard = .now
    urgent.putBack(lost.filter(\.isUrgent))
    ahead.putBack(lost.filter { !$0.isUrgent })
  }

  private func send() {
    guard isConnected else { return }
    if let until = quietUntil {
      guard ContinuousClock.now >= until else { return }
      quietUntil = nil
    }
    while flights.count < BlockClient.messagesMax, flightBytes < BlockClient.windowBytes,
      let first = urgent.first ?? ahead.first
    {
      var blocks: [BlockRequest] = []
      var bytes = 0
      func take(_ queue: inout Queue) {
        while blocks.count < WireLimits.blocksPerRead, let next = queue.first,
          next.receiver.job == first.receiver.job,
          next.receiver.listing == first.receiver.listing,
          blocks.isEmpty || bytes + next.byteCount <= WireLimits.chunkBytes
        {
          queue.removeFirst()
          blocks.append(next)
          bytes += next.byteCount
        }
      }
      take(&urgent)
      take(&ahead)
      transfers += 1
      let transfer = TransferID(transfers)
      let message = BulkMessage.readBlocks(
        ReadBlocks(
          transfer: transfer, job: first.receiver.job, listing: first.receiver.listing,
          addresses: blocks.map(\.address)))
      flights[transfer] = Flight(blocks: blocks, byteCount: bytes)
      flightBytes += bytes
      // The queue has room for all that may be under way.
      _ = dealer.send([Envelope.encode(message, from: .worker, incarnation: incarnation)])
    }
  }

  private func read(_ frames: [SharedFrame]) {
    guard let head = frames.first,
      let message = try? Envelope(decoding: head.bytes(in: 0..<head.count))
        .message(BulkMessage.self),
      let flight = flights.removeValue(forKey: message.transfer)
    else { return }
    flightBytes -= flight.byteCount
    switch message {
    case .blocks(let blocks):
      guard frames.count == 2, blocks.hashes.count == flight.blocks.count,
        frames[1].count == flight.byteCount
      else {
        return refuse(
          flight,
          Failure(
            reason: "\(frames.last?.count ?? 0) bytes in \(blocks.hashes.count) blocks came, "
              + "expected \(flight.byteCount) in \(flight.blocks.count)",
            advice: "report this: coordinator and worker disagree about the protocol"))
      }
      var (start, hashes) = (0, blocks.hashes.makeIterator())
      deliver(flight) { block in
        let end = start + block.byteCount
        defer { start = end }
        return .bytes(frames[1].bytes(in: start..<end), hash: hashes.next() ?? 0)
      }
    case .failed(let failure) where failure.isPassing:
      urgent.putBack(flight.blocks.filter(\.isUrgent))
      ahead.putBack(flight.blocks.filter { !$0.isUrgent })
      quietUntil = ContinuousClock.now + Self.pause
    case .failed(let failure):
      refuse(flight, Failure(reason: failure.reason, advice: failure.advice))
    default: refuse(flight, Failure(reason: "an answer of another kind came"))
    }
  }

  private func refuse(_ flight: Flight, _ failure: Failure) {
    deliver(flight) { _ in .refused(failure) }
  }

  /// At once what goes to the same receiver.
  private func deliver(_ flight: Flight, _ answer: (BlockRequest) -> BlockReceiver.Answer) {
    var rest = flight.blocks[...]
    while let receiver = rest.first?.receiver {
      let blocks = rest.prefix { $0.receiver === receiver }
      receiver.deliver(
        blocks.map { BlockReceiver.Delivery(address: $0.address, answer: answer($0)) })
      rest = rest.dropFirst(blocks.count)
    }
  }
}
