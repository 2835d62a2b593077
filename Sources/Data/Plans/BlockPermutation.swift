import Tensors

/// Samples that lie together on a disk, and are cheap to read only together.
public struct SampleBlocks: Hashable, Sendable {
  /// Samples of a block; the last one of a data set may be shorter.
  public let size: Int
  /// Blocks that are open at a time: samples are shuffled among so many.
  public let window: Int

  /// Precondition: both at least 1.
  public init(size: Int, window: Int) {
    precondition(size >= 1 && window >= 1, "SampleBlocks: size \(size), window \(window)")
    self.size = size
    self.window = window
  }
}

/// A random order of 0 ..< count that stays within a few blocks at a time: the blocks in random
/// order, cut into windows, and within each window its samples in random order.
///
/// Computed like `KeyedPermutation`: no memory, any element at once. One window is a plain one.
public struct BlockPermutation: Sendable {
  public let count: Int
  private let blocks: SampleBlocks
  private let order: KeyedPermutation
  private let key: RandomKey
  /// Samples of the last block, and where in the order of blocks that one stands.
  private let shortSize: Int
  private let shortPlace: Int

  /// Precondition: count ≥ 0.
  public init(count: Int, blocks: SampleBlocks, key: RandomKey) {
    self.count = count
    self.blocks = blocks
    self.key = key.derived("window")
    let number = (count + blocks.size - 1) / blocks.size
    order = KeyedPermutation(count: number, key: key.derived("blocks"))
    shortSize = count - max(0, number - 1) * blocks.size
    shortPlace = number > 0 ? order.position(of: number - 1) : 0
  }

  /// What stands at `position`. Precondition: 0 ≤ position < count.
  public subscript(position: Int) -> Int {
    precondition(
      position >= 0 && position < count, "BlockPermutation: \(position) is not in 0 ..< \(count)")
    let window = place(of: position).block / blocks.window
    let samples =
      start(
        of: window * blocks.window)..<start(
        of: min(order.count, (window + 1) * blocks.window))
    let inside = KeyedPermutation(count: samples.count, key: key.derived(window))
    let (block, offset) = place(of: samples.lowerBound + inside[position - samples.lowerBound])
    return order[block] * blocks.size + offset
  }

  /// The first position of the block at a place of the order of blocks.
  private func start(of place: Int) -> Int {
    place * blocks.size - (place > shortPlace ? blocks.size - shortSize : 0)
  }

  private func place(of position: Int) -> (block: Int, offset: Int) {
    let end = start(of: shortPlace) + shortSize
    guard position >= end else {
      let block = min(position / blocks.size, shortPlace)
      return (block, position - start(of: block))
    }
    let block = shortPlace + 1 + (position - end) / blocks.size
    return (block, position - start(of: block))
  }
}
