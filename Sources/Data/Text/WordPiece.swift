/// Parts words into the longest known pieces, from the left (Wu et al. 2016; Devlin et al. 2019).
package struct WordPiece: Sendable {
  package let vocabulary: Vocabulary
  /// Stands for a word that has no parts.
  package let unknown: Int32
  /// Stands before pieces that do not begin a word.
  package let continuation: String
  /// Longer words, in characters, are unknown.
  package let wordCharactersMax: Int
  private let continuing: ByteTable
  private let pieceBytesMax: Int

  /// Throws: `DataError` naming `file` if `unknown` is no symbol.
  package init(
    _ vocabulary: Vocabulary, unknown: String = "[UNK]", continuation: String = "##",
    wordCharactersMax: Int = 100, file: String = "vocabulary"
  ) throws {
    guard let number = vocabulary[unknown] else {
      throw DataError(
        file: file, problem: "has no symbol '\(unknown)' for unknown words",
        advice: "Give the vocabulary that belongs to the model")
    }
    self.vocabulary = vocabulary
    self.unknown = number
    self.continuation = continuation
    self.wordCharactersMax = wordCharactersMax
    let prefix = Array(continuation.utf8)
    var longest = 0
    var entries: [(key: [UInt8], value: Int32)] = []
    for symbol in vocabulary.symbols {
      let bytes = Array(symbol.utf8)
      longest = max(longest, bytes.count)
      guard bytes.starts(with: prefix), let number = vocabulary[symbol] else { continue }
      let rest = Array(bytes.dropFirst(prefix.count))
      if !rest.isEmpty { entries.append((rest, number)) }
    }
    var seen: Set<[UInt8]> = []
    continuing = ByteTable(entries.filter { seen.insert($0.key).inserted })
    pieceBytesMax = longest
  }

  /// Appends the numbers of a word's pieces.
  func append(_ word: UnsafeBufferPointer<UInt8>, to result: inout [Int32]) {
    let start = result.count
    // A byte that continues a character is no character.
    if word.count > wordCharactersMax,
      word.lazy.filter({ $0 & 0xC0 != 0x80 }).count > wordCharactersMax
    {
      result.append(unknown)
      return
    }
    var first = 0
    while first < word.count {
      var last = min(word.count, first + pieceBytesMax)
      var found: Int32?
      while last > first {
        let piece = UnsafeBufferPointer(rebasing: word[first..<last])
        found = first == 0 ? vocabulary[piece] : continuing[piece]
        if found != nil { break }
        last -= 1
      }
      guard let found else {
        result.removeSubrange(start...)
        result.append(unknown)
        return
      }
      result.append(found)
      first = last
    }
  }
}
