/// Blocks in memory up to a bound; the least recently used go first.
struct BlockMemory {
  private let bytesMax: Int
  private var blocks: [FileBlock: (bytes: [UInt8], stamp: UInt64)] = [:]
  /// Uses in order; one is the block's last if its stamp is the block's.
  private var uses: [(block: FileBlock, stamp: UInt64)] = []
  private var firstUse = 0
  private var stamp: UInt64 = 0
  private var byteCount = 0

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  mutating func bytes(of block: FileBlock) -> [UInt8]? {
    guard let bytes = blocks[block]?.bytes else { return nil }
    use(block, bytes)
    return bytes
  }

  func holds(_ block: FileBlock) -> Bool { blocks[block] != nil }

  /// Returns: the blocks that had to go.
  mutating func insert(_ block: FileBlock, _ bytes: [UInt8]) -> [FileBlock] {
    if let old = blocks[block] { byteCount -= Self.size(old.bytes) }
    byteCount += Self.size(bytes)
    use(block, bytes)
    var gone: [FileBlock] = []
    while byteCount > bytesMax, blocks.count > 1, firstUse < uses.count {
      let oldest = uses[firstUse]
      firstUse += 1
      guard let held = blocks[oldest.block], held.stamp == oldest.stamp else { continue }
      blocks[oldest.block] = nil
      byteCount -= Self.size(held.bytes)
      gone.append(oldest.block)
    }
    return gone
  }

  /// With the administration of the smallest.
  private static func size(_ bytes: [UInt8]) -> Int { bytes.count + 256 }

  private mutating func use(_ block: FileBlock, _ bytes: [UInt8]) {
    stamp += 1
    blocks[block] = (bytes, stamp)
    uses.append((block, stamp))
    if uses.count > 1_024, uses.count > 4 * blocks.count {
      uses = blocks.map { ($0.key, $0.value.stamp) }.sorted { $0.stamp < $1.stamp }
      firstUse = 0
    }
  }
}
