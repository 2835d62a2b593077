import Synchronization

/// Remembers the symbols of words, since texts repeat them: as much as fits, then it starts anew.
///
/// One caller at a time has it; another one that comes meanwhile goes without.
final class WordCache: Sendable {
  struct Memory: Sendable {
    private var slots = [Int32](repeating: -1, count: WordCache.size)
    private var starts: [Int32] = [0]
    private var ends: [Int32] = [0]  // of the symbols
    private var bytes: [UInt8] = []
    private var symbols: [Int32] = []

    /// Appends the symbols of a word if they are known.
    mutating func append(_ word: UnsafeBufferPointer<UInt8>, to result: inout [Int32]) -> Bool {
      guard word.count <= WordCache.wordBytesMax else { return false }
      var slot = Int(truncatingIfNeeded: ByteTable.hash(word)) & (WordCache.size - 1)
      while case let index = Int(slots[slot]), index >= 0 {
        let (start, end) = (Int(starts[index]), Int(starts[index + 1]))
        if end - start == word.count,
          bytes.withUnsafeBufferPointer({ all in
            (0..<word.count).allSatisfy { all[start + $0] == word[$0] }
          })
        {
          result += symbols[Int(ends[index])..<Int(ends[index + 1])]
          return true
        }
        slot = (slot + 1) & (WordCache.size - 1)
      }
      return false
    }

    mutating func remember(_ word: UnsafeBufferPointer<UInt8>, _ found: ArraySlice<Int32>) {
      guard word.count <= WordCache.wordBytesMax else { return }
      if starts.count > WordCache.size / 2 { self = Memory() }
      var slot = Int(truncatingIfNeeded: ByteTable.hash(word)) & (WordCache.size - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (WordCache.size - 1) }
      slots[slot] = Int32(starts.count - 1)
      bytes += word
      starts.append(Int32(bytes.count))
      symbols += found
      ends.append(Int32(symbols.count))
    }
  }

  static let size = 1 << 15
  static let wordBytesMax = 64

  private let memory = Mutex(Memory())

  /// Runs `body` with the memory, or with an empty one while somebody else has it.
  func use<Result>(_ body: (inout Memory?) -> Result) -> Result {
    let result = memory.withLockIfAvailable { memory -> Result in
      var own: Memory? = memory
      memory = Memory.none
      defer { memory = own ?? Memory.none }
      return body(&own)
    }
    if let result { return result }
    var none: Memory?
    return body(&none)
  }
}

extension WordCache.Memory {
  /// Takes the place of a memory in use, so that it is not copied when written to.
  fileprivate static let none = WordCache.Memory()
}
