import Data
import Messages
import Transport

/// Blocks of a job's data from the coordinator.
package struct ClusterBlocks: BlockSupply {
  private let client: BlockClient
  private let job: JobID
  private let sha256: [UInt8]
  private let listing: FileListing

  /// `sha256`: Of the listing's bytes as the coordinator has them.
  package init(client: BlockClient, job: JobID, sha256: [UInt8], listing: FileListing) {
    self.client = client
    self.job = job
    self.sha256 = sha256
    self.listing = listing
  }

  package func request(
    _ blocks: [FileBlock], isUrgent: Bool,
    deliver: @escaping @Sendable ([BlockDelivery]) -> Void
  ) {
    let receiver = BlockReceiver(job: job, listing: sha256) { deliveries in
      deliver(
        deliveries.map { delivery in
          let block = FileBlock(
            file: Int(delivery.address.file), index: Int(delivery.address.block))
          return switch delivery.answer {
          case .bytes(let bytes, let hash):
            BlockDelivery(block, .bytes(bytes, hash: hash))
          case .refused(let failure):
            BlockDelivery(block, .refused(reason: failure.reason, advice: failure.advice))
          }
        })
    }
    client.request(
      blocks.map { block in
        BlockRequest(
          to: receiver,
          address: BlockAddress(file: UInt32(block.file), block: UInt32(block.index)),
          byteCount: block.range(in: listing.entries[block.file].byteCount).count,
          isUrgent: isUrgent)
      })
  }
}
