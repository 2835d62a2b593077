/// Byte-pair encoding over bytes (Sennrich et al. 2016; Radford et al. 2019): neighbouring symbols
/// of a word become one, the pair of lowest rank first.
package struct BytePairs: Sendable {
  package let vocabulary: Vocabulary
  /// Written after the last symbol of a word: CLIP's `</w>`; empty elsewhere.
  package let wordEnd: String
  /// For bytes without a symbol; without one they are left out.
  package let unknown: Int32?
  /// Whether a word that is a symbol is taken whole, whatever the merges say.
  private let takesWholeWords: Bool
  private let merges: PairTable
  /// By byte, within a word and at its end; -1 for none.
  private let letters: [Int32]
  private let lastLetters: [Int32]

  /// `merges`: Pairs of symbols, the most important first.
  ///
  /// Throws: `DataError` naming `file` and the merge whose parts or result are no symbols.
  package init(
    _ vocabulary: Vocabulary, merges: [(first: String, second: String)], wordEnd: String = "",
    unknown: String? = nil, takesWholeWords: Bool = false, file: String = "merges"
  ) throws {
    self.vocabulary = vocabulary
    self.wordEnd = wordEnd
    self.takesWholeWords = takesWholeWords
    self.unknown = try unknown.map { symbol in
      guard let number = vocabulary[symbol] else {
        throw DataError(
          file: file, problem: "names '\(symbol)' for unknown bytes, which is no symbol",
          advice: "Give the vocabulary that belongs to the merges")
      }
      return number
    }
    self.merges = PairTable(
      try merges.enumerated().map { index, pair in
        func number(_ symbol: String) throws -> Int32 {
          guard let number = vocabulary[symbol] else {
            throw DataError(
              file: file,
              problem: "merge \(index + 1) ('\(pair.first)' '\(pair.second)') needs the symbol "
                + "'\(symbol)', which the vocabulary lacks",
              advice: "Give the vocabulary that belongs to the merges")
          }
          return number
        }
        return (
          try number(pair.first), try number(pair.second), try number(pair.first + pair.second)
        )
      })
    letters = ByteAlphabet.characters.map { vocabulary[String($0)] ?? -1 }
    lastLetters = ByteAlphabet.characters.map { vocabulary[String($0) + wordEnd] ?? -1 }
  }

  /// Appends the numbers of a word's symbols.
  func append(_ word: UnsafeBufferPointer<UInt8>, to result: inout [Int32]) {
    guard !word.isEmpty else { return }
    if takesWholeWords, let number = vocabulary[spelled(word)] {
      result.append(number)
      return
    }
    let start = result.count
    for (index, byte) in word.enumerated() {
      let letter = index == word.count - 1 ? lastLetters[Int(byte)] : letters[Int(byte)]
      if letter >= 0 {
        result.append(letter)
      } else if let unknown {
        result.append(unknown)
      }
    }
    if result.count - start > Self.shortWordMax {
      mergeLong(&result, from: start)
    } else {
      mergeShort(&result, from: start)
    }
  }

  private static let shortWordMax = 48

  /// Looks through all pairs for each merge: quickest for words of ordinary length.
  private func mergeShort(_ symbols: inout [Int32], from start: Int) {
    while symbols.count - start > 1 {
      var best = PairTable.Merge(rank: .max, symbol: -1)
      var place = 0
      for index in start..<symbols.count - 1 {
        let merge = merges.merge(symbols[index], symbols[index + 1])
        if merge.rank < best.rank { (best, place) = (merge, index) }
      }
      guard best.symbol >= 0 else { return }
      symbols[place] = best.symbol
      symbols.remove(at: place + 1)
    }
  }

  private func spelled(_ word: UnsafeBufferPointer<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in word { text.append(ByteAlphabet.characters[Int(byte)]) }
    return String(text) + wordEnd
  }

  /// The bytes a symbol stands for, and whether it ends a word; nil for one that is no bytes.
  func bytes(of number: Int32) -> (bytes: [UInt8], isLast: Bool)? {
    guard vocabulary.symbols.indices.contains(Int(number)) else { return nil }
    var scalars = vocabulary.symbols[Int(number)].unicodeScalars[...]
    let isLast = !wordEnd.isEmpty && vocabulary.symbols[Int(number)].hasSuffix(wordEnd)
    if isLast { scalars = scalars.dropLast(wordEnd.unicodeScalars.count) }
    var result: [UInt8] = []
    for scalar in scalars {
      guard let byte = ByteAlphabet.bytes[scalar] else { return nil }
      result.append(byte)
    }
    return (result, isLast)
  }
}

extension BytePairs {
  /// A pair that could be merged, as the heap orders it: by rank, then from the left.
  private struct Candidate: Comparable {
    let rank: Int32
    let place: Int32
    let symbol: Int32
    let first: Int32
    let second: Int32

    static func < (a: Candidate, b: Candidate) -> Bool {
      (a.rank, a.place) < (b.rank, b.place)
    }
  }

  /// The same merges in the same order from a heap, for words of any length.
  fileprivate func mergeLong(_ symbols: inout [Int32], from start: Int) {
    var word = Array(symbols[start...])
    symbols.removeSubrange(start...)
    var next = word.indices.map { Int32($0 + 1) }
    var previous = word.indices.map { Int32($0 - 1) }
    var heap = Heap<Candidate>()
    func offer(_ place: Int32) {
      let other = next[Int(place)]
      guard other < word.count else { return }
      let (first, second) = (word[Int(place)], word[Int(other)])
      let merge = merges.merge(first, second)
      guard merge.symbol >= 0 else { return }
      heap.insert(
        Candidate(
          rank: merge.rank, place: place, symbol: merge.symbol, first: first, second: second))
    }
    for place in word.indices { offer(Int32(place)) }
    while let best = heap.popSmallest() {
      let place = Int(best.place)
      let other = Int(next[place])
      // Either part may have become part of another symbol since.
      guard word[place] == best.first, other < word.count, word[other] == best.second else {
        continue
      }
      word[place] = best.symbol
      word[other] = -1
      next[place] = next[other]
      if next[other] < word.count { previous[Int(next[other])] = best.place }
      if previous[place] >= 0 { offer(previous[place]) }
      offer(best.place)
    }
    symbols += word.filter { $0 >= 0 }
  }
}

/// A binary heap that gives the smallest first.
private struct Heap<Element: Comparable> {
  private var elements: [Element] = []

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0, elements[child] < elements[(child - 1) / 2] {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popSmallest() -> Element? {
    guard let smallest = elements.first else { return nil }
    let last = elements.removeLast()
    guard !elements.isEmpty else { return smallest }
    elements[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < elements.count && elements[child] < elements[least] { least = child }
      if least == parent { return smallest }
      elements.swapAt(parent, least)
      parent = least
    }
  }
}
