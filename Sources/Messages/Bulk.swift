// The bulk plane: one stream protocol for files to and from the coordinator's store. The receiver
// grants credit in bytes, so a slow disk slows the sender and no queue grows.

internal import CMessages

package enum BulkMessage: Conversation {
  case offer(Offer)
  case fetch(Fetch)
  case credit(Credit)
  case chunk(Chunk)
  case stored(TransferID)
  case served(Served)
  case failed(TransferFailed)

  package func packed() -> PackedMessage {
    switch self {
    case .offer(let value): PackedMessage(MARTLET__KIND__KIND_OFFER, value)
    case .fetch(let value): PackedMessage(MARTLET__KIND__KIND_FETCH, value)
    case .credit(let value): PackedMessage(MARTLET__KIND__KIND_CREDIT, value)
    case .chunk(let value): PackedMessage(MARTLET__KIND__KIND_CHUNK, value)
    case .stored(let transfer):
      PackedMessage(MARTLET__KIND__KIND_STORED, Stored(transfer: transfer))
    case .served(let value): PackedMessage(MARTLET__KIND__KIND_SERVED, value)
    case .failed(let value): PackedMessage(MARTLET__KIND__KIND_TRANSFER_FAILED, value)
    }
  }

  package init(kind: UInt32, header: Header, body: [UInt8]) throws(WireError) {
    switch Martlet__Kind(kind) {
    case MARTLET__KIND__KIND_OFFER: self = .offer(try open(Offer.self, header, body))
    case MARTLET__KIND__KIND_FETCH: self = .fetch(try open(Fetch.self, header, body))
    case MARTLET__KIND__KIND_CREDIT: self = .credit(try open(Credit.self, header, body))
    case MARTLET__KIND__KIND_CHUNK: self = .chunk(try open(Chunk.self, header, body))
    case MARTLET__KIND__KIND_STORED:
      self = .stored(try open(Stored.self, header, body).transfer)
    case MARTLET__KIND__KIND_SERVED: self = .served(try open(Served.self, header, body))
    case MARTLET__KIND__KIND_TRANSFER_FAILED:
      self = .failed(try open(TransferFailed.self, header, body))
    default: throw unknownKind(kind, in: "of the bulk plane")
    }
  }
}

/// May I send this file? Answered by Credit or TransferFailed. Since 1.
package struct Offer: Hashable, Sendable {
  package var transfer: TransferID
  package var job: JobID
  /// The sender's generation: files of older ones do not replace files of newer ones.
  package var generation: Generation
  /// Path within the job's folder; relative, without `..`.
  package var name: String
  package var size: UInt64
  /// 32 bytes.
  package var sha256: [UInt8]

  package init(
    transfer: TransferID, job: JobID, generation: Generation, name: String, size: UInt64,
    sha256: [UInt8]
  ) {
    self.transfer = transfer
    self.job = job
    self.generation = generation
    self.name = name
    self.size = size
    self.sha256 = sha256
  }
}

/// Send me this file. Answered by Served or TransferFailed. Since 1.
package struct Fetch: Hashable, Sendable {
  package var transfer: TransferID
  package var job: JobID
  package var name: String
  /// The first byte still missing.
  package var offset: UInt64

  package init(transfer: TransferID, job: JobID, name: String, offset: UInt64 = 0) {
    self.transfer = transfer
    self.job = job
    self.name = name
    self.offset = offset
  }
}

/// Receiver to sender: bytes from `offset` up to `limit` are welcome. Since 1.
package struct Credit: Hashable, Sendable {
  package var transfer: TransferID
  package var offset: UInt64
  package var limit: UInt64

  package init(transfer: TransferID, offset: UInt64, limit: UInt64) {
    self.transfer = transfer
    self.offset = offset
    self.limit = limit
  }
}

/// The bytes at `offset`, which follow in a frame of their own. Since 1.
package struct Chunk: Hashable, Sendable {
  package var transfer: TransferID
  package var offset: UInt64

  package init(transfer: TransferID, offset: UInt64) {
    self.transfer = transfer
    self.offset = offset
  }
}

/// Answer to Fetch, before the first chunk. Since 1.
package struct Served: Hashable, Sendable {
  package var transfer: TransferID
  package var size: UInt64
  /// 32 bytes.
  package var sha256: [UInt8]

  package init(transfer: TransferID, size: UInt64, sha256: [UInt8]) {
    self.transfer = transfer
    self.size = size
    self.sha256 = sha256
  }
}

/// Either side gives the transfer up. Since 1.
package struct TransferFailed: Hashable, Sendable {
  package var transfer: TransferID
  package var reason: String
  package var advice: String

  package init(transfer: TransferID, reason: String, advice: String = "") {
    self.transfer = transfer
    self.reason = reason
    self.advice = advice
  }
}

struct Stored { var transfer: TransferID }
