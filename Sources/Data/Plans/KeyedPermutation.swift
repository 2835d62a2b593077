import Tensors

/// A random order of 0 ..< count that is computed, not stored: element i costs a few multiplications
/// and no memory, whatever the size.
///
/// A Feistel network permutes the numbers of as many bits as `count` needs; results beyond `count`
/// are fed back until one falls inside (cycle walking, Black & Rogaway 2002), which keeps it a
/// permutation. Halves may differ by one bit, so at most half the numbers lie beyond.
public struct KeyedPermutation: Sendable {
  public let count: Int
  private let lowBits: UInt64
  private let highBits: UInt64
  private let roundKeys: [UInt64]

  /// Precondition: count ≥ 0.
  public init(count: Int, key: RandomKey) {
    precondition(count >= 0, "KeyedPermutation: negative count \(count)")
    self.count = count
    let bits = UInt64(max(2, Int.bitWidth - max(count - 1, 0).leadingZeroBitCount))
    lowBits = bits / 2
    highBits = bits - bits / 2
    // Small halves mix little per round; eight rounds leave no visible order even at two bits.
    roundKeys = (0..<8).map { round in
      let words = key.words(round)
      return UInt64(words.0) << 32 | UInt64(words.1)
    }
  }

  /// What stands at `position`. Precondition: 0 ≤ position < count.
  public subscript(position: Int) -> Int {
    precondition(
      position >= 0 && position < count, "KeyedPermutation: \(position) is not in 0 ..< \(count)")
    var value = UInt64(position)
    repeat { value = shuffled(value) } while value >= UInt64(count)
    return Int(value)
  }

  /// Where `element` stands. Precondition: 0 ≤ element < count.
  public func position(of element: Int) -> Int {
    precondition(
      element >= 0 && element < count, "KeyedPermutation: \(element) is not in 0 ..< \(count)")
    var value = UInt64(element)
    repeat { value = unshuffled(value) } while value >= UInt64(count)
    return Int(value)
  }

  private func shuffled(_ value: UInt64) -> UInt64 {
    let lowMask = (1 << lowBits) - 1 as UInt64
    let highMask = (1 << highBits) - 1 as UInt64
    var low = value & lowMask
    var high = value >> lowBits
    for pair in stride(from: 0, to: roundKeys.count, by: 2) {
      low ^= mixed(high &+ roundKeys[pair]) & lowMask
      high ^= mixed(low &+ roundKeys[pair + 1]) & highMask
    }
    return high << lowBits | low
  }

  private func unshuffled(_ value: UInt64) -> UInt64 {
    let lowMask = (1 << lowBits) - 1 as UInt64
    let highMask = (1 << highBits) - 1 as UInt64
    var low = value & lowMask
    var high = value >> lowBits
    for pair in stride(from: 0, to: roundKeys.count, by: 2).reversed() {
      high ^= mixed(low &+ roundKeys[pair + 1]) & highMask
      low ^= mixed(high &+ roundKeys[pair]) & lowMask
    }
    return high << lowBits | low
  }

  private func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
