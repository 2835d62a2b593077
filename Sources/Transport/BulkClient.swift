// A worker's or the command line's end of the bulk plane: whole files, one at a time.

import CZeroMQ
import Glibc
import Messages

/// Belongs to the thread that uses it.
package final class BulkClient {
  private let dealer: ZeroMQSocket
  private let monitor: ConnectionMonitor
  private let address: String
  private let role: Role
  private let incarnation: Incarnation
  private var transfers: UInt64 = 0

  /// Several clients of one process may share its incarnation.
  package init(
    address: String, in context: ZeroMQContext, security: ClientSecurity, role: Role,
    incarnation: Incarnation
  ) throws(TransportError) {
    self.address = address
    self.role = role
    self.incarnation = incarnation
    (dealer, monitor) = try connectedDealer(
      address, context, security, identity: nil, queued: 64)
  }

  /// Sends a file to the job's folder in the store; returns when it is durable there. Gives up when
  /// nothing moved for `patience`, or `isWanted`, asked several times a second, is false.
  ///
  /// Throws: `TransportError.transferFailed` with the store's reason, `.connectionLost`,
  /// `.unreachable`, `.badFile`.
  package func upload(
    _ path: String, to name: String, of job: JobID, in generation: Generation,
    patience: Duration = .seconds(30), while isWanted: () -> Bool = { true }
  ) throws(TransportError) -> Artifact {
    let (size, sha256) = try FileHash.of(path)
    let transfer = nextTransfer()
    let sender = try FileSender(path: path, from: 0)
    forgetOldConnections()
    send(
      .offer(
        Offer(
          transfer: transfer, job: job, generation: generation, name: name, size: size,
          sha256: sha256)))
    while true {
      switch try receive(transfer, name, patience, isWanted).message {
      case .credit(let credit): sender.grant(credit)
      case .stored: return Artifact(name: name, size: size, sha256: hexadecimal(sha256))
      default: continue
      }
      while let chunk = try sender.next() {
        send(.chunk(Chunk(transfer: transfer, offset: chunk.offset)), payload: chunk.bytes)
      }
    }
  }

  /// Brings a file of the store home; a part from an interrupted download is continued.
  ///
  /// Throws: as `upload`; a file at `path` stays as it is unless the new one is complete and right.
  package func download(
    _ name: String, of job: JobID, to path: String, patience: Duration = .seconds(30),
    while isWanted: () -> Bool = { true },
    progress: (_ received: UInt64, _ size: UInt64) -> Void = { _, _ in }
  ) throws(TransportError) {
    let part = "\(path).part"
    let here = access(part, F_OK) == 0 ? try FileHash.of(part).size : 0
    do throws(TransportError) {
      try download(name, of: job, to: path, part: part, from: here, patience, isWanted, progress)
    } catch {
      // A part of an older file does not fit the present one: once more, without it.
      guard here > 0, error.isAboutContent else { throw error }
      unlink(part)
      try download(name, of: job, to: path, part: part, from: 0, patience, isWanted, progress)
    }
  }

  private func download(
    _ name: String, of job: JobID, to path: String, part: String, from here: UInt64,
    _ patience: Duration, _ isWanted: () -> Bool,
    _ progress: (_ received: UInt64, _ size: UInt64) -> Void
  ) throws(TransportError) {
    let transfer = nextTransfer()
    forgetOldConnections()
    send(.fetch(Fetch(transfer: transfer, job: job, name: name, offset: here)))
    var receiver: FileReceiver?
    while true {
      let (message, payload) = try receive(transfer, name, patience, isWanted)
      switch message {
      case .served(let served):
        let begun = try FileReceiver(
          path: path, temporary: part, size: served.size, sha256: served.sha256,
          keepsParts: true)
        receiver = begun
      case .chunk(let chunk): try receiver?.add(payload, at: chunk.offset)
      default: continue
      }
      guard let receiver else { continue }
      progress(receiver.received, receiver.size)
      if receiver.isComplete {
        try receiver.finish()
        send(.stored(transfer))
        return
      }
      if let credit = receiver.credit(transfer) { send(.credit(credit)) }
    }
  }

  private func nextTransfer() -> TransferID {
    transfers += 1
    return TransferID(transfers)
  }

  /// What broke before a transfer began does not concern it.
  private func forgetOldConnections() {
    while monitor.next() != nil {}
  }

  // Credit bounds what is under way to less than the queue holds, so sending cannot meet a full one.
  private func send(_ message: BulkMessage, payload: [UInt8]? = nil) {
    let head = Envelope.encode(message, from: role, incarnation: incarnation)
    _ = dealer.send(payload.map { [head, $0] } ?? [head])
  }

  private func receive(
    _ transfer: TransferID, _ name: String, _ patience: Duration, _ isWanted: () -> Bool
  ) throws(TransportError) -> (message: BulkMessage, payload: [UInt8]) {
    var poller = Poller()
    poller.add(dealer)
    poller.add(monitor.socket)
    let end = ContinuousClock.now + patience
    while true {
      while let event = monitor.next() {
        if let refusal = event.refusal(at: address) { throw refusal }
        // The coordinator may have restarted and then knows nothing of what was under way.
        if case .lost = event { throw .connectionLost(address: address) }
      }
      while let (frames, _) = dealer.receive() {
        let message: BulkMessage
        do throws(WireError) {
          message = try Envelope(decoding: frames.first ?? []).message(BulkMessage.self)
        } catch .protocolMismatch(let ours, let theirs) {
          throw .protocolMismatch(ours: ours, theirs: theirs)
        } catch {
          throw .malformed(error)
        }
        guard message.transfer == transfer else { continue }
        if case .failed(let failure) = message {
          if failure.isPassing { throw .busy(name: name, reason: failure.reason) }
          throw .transferFailed(name: name, reason: failure.reason, advice: failure.advice)
        }
        return (message, frames.count > 1 ? frames[1] : [])
      }
      guard isWanted() else {
        send(.failed(TransferFailed(transfer: transfer, reason: "no longer wanted")))
        throw .transferFailed(name: name, reason: "no longer wanted", advice: "")
      }
      let left = end - ContinuousClock.now
      guard left > .zero else {
        throw .unreachable(address: address, seconds: seconds(patience))
      }
      poller.wait(milliseconds: max(1, min(100, Int(seconds(left) * 1_000))))
    }
  }
}

extension TransportError {
  fileprivate var isAboutContent: Bool {
    switch self {
    case .badFile, .transferFailed: true
    default: false
    }
  }
}

extension BulkMessage {
  var transfer: TransferID {
    switch self {
    case .offer(let value): value.transfer
    case .fetch(let value): value.transfer
    case .credit(let value): value.transfer
    case .chunk(let value): value.transfer
    case .stored(let transfer): transfer
    case .served(let value): value.transfer
    case .failed(let value): value.transfer
    case .readBlocks(let value): value.transfer
    case .blocks(let value): value.transfer
    }
  }
}
