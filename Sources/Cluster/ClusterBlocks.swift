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
    deliver: @escaping @Sendable (FileBlock, BlockAnswer) -> Void
  ) {
    client.request(
      blocks.map { block in
        BlockRequest(
          job: job, listing: sha256,
          address: BlockAddress(file: UInt32(block.file), block: UInt32(block.index)),
          byteCount: block.range(in: listing.entries[block.file].byteCount).count,
          isUrgent: isUrgent
        ) { answer in
          switch answer {
          case .bytes(let bytes, let hash): deliver(block, .bytes(bytes, hash: hash))
          case .refused(let failure):
            deliver(block, .refused(reason: failure.reason, advice: failure.advice))
          }
        }
      })
  }
}
