/// A read-only map from a pair of symbols to the rank of their merge and the symbol it makes.
struct PairTable: Sendable {
  struct Merge: Sendable {
    let rank: Int32
    let symbol: Int32
  }

  private var keys: [UInt64]
  private var merges: [Merge]

  init(_ entries: [(first: Int32, second: Int32, symbol: Int32)]) {
    var size = 16
    while size < entries.count * 2 { size *= 2 }
    keys = [UInt64](repeating: .max, count: size)
    merges = [Merge](repeating: Merge(rank: .max, symbol: -1), count: size)
    for (rank, entry) in entries.enumerated() {
      let key = Self.key(entry.first, entry.second)
      var slot = Self.slot(key, size - 1)
      while keys[slot] != .max, keys[slot] != key { slot = (slot + 1) & (size - 1) }
      // Of two merges of one pair the later is the ecosystem's.
      keys[slot] = key
      merges[slot] = Merge(rank: Int32(rank), symbol: entry.symbol)
    }
  }

  private static func key(_ first: Int32, _ second: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
  }

  private static func slot(_ key: UInt64, _ mask: Int) -> Int {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 32) & mask
  }

  /// The merge of a pair; its rank is `Int32.max` if there is none.
  func merge(_ first: Int32, _ second: Int32) -> Merge {
    let (key, mask) = (Self.key(first, second), keys.count - 1)
    var slot = Self.slot(key, mask)
    while keys[slot] != .max {
      if keys[slot] == key { return merges[slot] }
      slot = (slot + 1) & mask
    }
    return Merge(rank: .max, symbol: -1)
  }
}
