/// A read-only map from byte strings to numbers: open addressing over one buffer of bytes.
struct ByteTable: Sendable {
  private var slots: [Int32]  // index of an entry, -1 for none
  private var starts: [Int32]
  private var bytes: [UInt8] = []
  private var values: [Int32] = []

  init(_ entries: [(key: [UInt8], value: Int32)]) {
    var size = 16
    while size < entries.count * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    starts = [0]
    for (key, value) in entries {
      let index = Int32(values.count)
      bytes += key
      starts.append(Int32(bytes.count))
      values.append(value)
      var slot = key.withUnsafeBufferPointer { Int(truncatingIfNeeded: Self.hash($0)) & (size - 1) }
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = index
    }
  }

  /// FNV-1a with a last mix.
  static func hash(_ key: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash ^ (hash >> 29)
  }

  subscript(key: UnsafeBufferPointer<UInt8>) -> Int32? {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: Self.hash(key)) & mask
    while true {
      let index = Int(slots[slot])
      guard index >= 0 else { return nil }
      let (start, end) = (Int(starts[index]), Int(starts[index + 1]))
      if end - start == key.count {
        let isEqual = bytes.withUnsafeBufferPointer { all in
          (0..<key.count).allSatisfy { all[start + $0] == key[$0] }
        }
        if isEqual { return values[index] }
      }
      slot = (slot + 1) & mask
    }
  }

  subscript(key: [UInt8]) -> Int32? { key.withUnsafeBufferPointer { self[$0] } }
}
