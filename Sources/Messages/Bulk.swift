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
  case readBlocks(ReadBlocks)
  case blocks(Blocks)

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
    case .readBlocks(let value): PackedMessage(MARTLET__KIND__KIND_READ_BLOCKS, value)
    case .blocks(let value): PackedMessage(MARTLET__KIND__KIND_BLOCKS, value)
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
    case MARTLET__KIND__KIND_READ_BLOCKS:
      self = .readBlocks(try open(ReadBlocks.self, header, body))
    case MARTLET__KIND__KIND_BLOCKS: self = .blocks(try open(Blocks.self, header, body))
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
  /// Whether it is worth asking again in a moment.
  package var isPassing: Bool

  package init(
    transfer: TransferID, reason: String, advice: String = "", isPassing: Bool = false
  ) {
    self.transfer = transfer
    self.reason = reason
    self.advice = advice
    self.isPassing = isPassing
  }
}

/// A block of a file of a job's listing.
package struct BlockAddress: Hashable, Sendable {
  /// Place in the listing.
  package var file: UInt32
  /// In blocks of `WireLimits.chunkBytes` from the file's beginning.
  package var block: UInt32

  package init(file: UInt32, block: UInt32) {
    self.file = file
    self.block = block
  }
}

/// Send me these blocks of my job's data: at least one, at most `WireLimits.blocksPerRead`, together
/// no more than a chunk. Answered by Blocks or TransferFailed. Since 1.
package struct ReadBlocks: Hashable, Sendable {
  package var transfer: TransferID
  package var job: JobID
  /// SHA-256 of the listing that `addresses` refer to, 32 bytes.
  package var listing: [UInt8]
  package var addresses: [BlockAddress]

  package init(
    transfer: TransferID, job: JobID, listing: [UInt8], addresses: [BlockAddress]
  ) {
    self.transfer = transfer
    self.job = job
    self.listing = listing
    self.addresses = addresses
  }
}

/// The blocks, whose bytes follow in a frame of their own in the order asked for. Since 1.
package struct Blocks: Hashable, Sendable {
  package var transfer: TransferID
  /// XXH3 of each.
  package var hashes: [UInt64]

  package init(transfer: TransferID, hashes: [UInt64]) {
    self.transfer = transfer
    self.hashes = hashes
  }
}

struct Stored { var transfer: TransferID }
