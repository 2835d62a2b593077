import Data

/// Byte-level byte-pair encoding with CLIP's conventions (Sennrich et al. 2016; Radford et al.
/// 2021): words end in `</w>`, numbers are 256 bytes, 256 word-ending bytes, the merges in order,
/// `<|startoftext|>`, `<|endoftext|>`.
package struct BytePairEncoding: Sendable {
  /// Two neighbouring symbols that become one.
  package struct Pair: Hashable, Sendable, Comparable {
    package let first: String
    package let second: String

    package init(_ first: String, _ second: String) {
      self.first = first
      self.second = second
    }

    package static func < (a: Pair, b: Pair) -> Bool {
      (a.first, a.second) < (b.first, b.second)
    }
  }

  static let wordEnd = "</w>"

  package let merges: [Pair]
  private let ranks: [Pair: Int]
  private let numbers: [String: Int32]
  private let symbols: [String]

  package var count: Int { symbols.count }
  package var start: Int32 { Int32(symbols.count - 2) }
  /// The largest number, which the text transformer looks for.
  package var end: Int32 { Int32(symbols.count - 1) }

  package init(merges: [Pair]) {
    self.merges = merges
    let letters = ByteAlphabet.bytesInOrder.map { String(ByteAlphabet.characters[Int($0)]) }
    let joined = merges.map { $0.first + $0.second }
    symbols =
      letters + letters.map { $0 + Self.wordEnd } + joined + ["<|startoftext|>", "<|endoftext|>"]
    ranks = Dictionary(merges.enumerated().map { ($1, $0) }) { first, _ in first }
    numbers = Dictionary(symbols.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
  }

  /// CLIP's merges file: a version line, then two symbols a line, the most important pair first.
  ///
  /// - `mergesMax`: Lines beyond are left out; OpenAI's models use 48,894 of 262,145.
  /// Throws: `DataError` for a missing file or a line that is no pair of symbols.
  package init(path: String, mergesMax: Int = 48_894) throws {
    let lines = try Files.text(of: path).split(whereSeparator: \.isNewline)
    let body =
      lines.first?.hasPrefix("#") == true || lines.first?.contains("version") == true
      ? lines.dropFirst() : lines[...]
    self.init(
      merges: try body.prefix(mergesMax).enumerated().map { number, line in
        let parts = line.split(separator: " ").map { String($0) }
        guard parts.count == 2 else {
          throw DataError(
            file: path, problem: "merge \(number + 1) is no pair of symbols: \(line.prefix(80))",
            advice: "Give an unpacked bpe_simple_vocab file")
        }
        return Pair(parts[0], parts[1])
      })
  }

  /// The numbers of a text's symbols, without start and end.
  package func encode(_ text: String) -> [Int32] {
    WordSplitter.words(of: text).flatMap { encode(word: $0) }
  }

  /// A text as a model reads it: start, symbols, end, zeros up to `length`; a long one is cut and
  /// still ends with the end symbol.
  package func encode(_ text: String, length: Int) -> [Int32] {
    var numbers = [start] + encode(text).prefix(length - 2) + [end]
    numbers += Array(repeating: 0, count: length - numbers.count)
    return numbers
  }

  /// The text of some numbers: lower case, words parted by spaces; start, end and unknown numbers
  /// are left out.
  package func decode(_ numbers: [Int32]) -> String {
    var bytes: [UInt8] = []
    for number in numbers where number >= 0 && number < start {
      var symbol = symbols[Int(number)][...]
      let isLast = symbol.hasSuffix(Self.wordEnd)
      if isLast { symbol = symbol.dropLast(Self.wordEnd.count) }
      bytes += symbol.compactMap { ByteAlphabet.bytes[$0] }
      if isLast { bytes.append(UInt8(ascii: " ")) }
    }
    return String(decoding: bytes, as: UTF8.self).trimmed
  }

  private func encode(word: String) -> [Int32] {
    var parts = Self.letters(of: word)
    while parts.count > 1 {
      let pairs = zip(parts, parts.dropFirst()).map { Pair($0, $1) }
      guard let best = pairs.filter({ ranks[$0] != nil }).min(by: { rank($0) < rank($1) })
      else { break }
      parts = Self.merged(parts, best)
    }
    return parts.compactMap { numbers[$0] }
  }

  private func rank(_ pair: Pair) -> Int { ranks[pair] ?? .max }

  /// A word's bytes as symbols, the last with the mark of the end.
  static func letters(of word: String) -> [String] {
    var letters = word.utf8.map { String(ByteAlphabet.characters[Int($0)]) }
    if let last = letters.popLast() { letters.append(last + wordEnd) }
    return letters
  }

  /// Every occurrence of the pair joined, from the left.
  static func merged(_ parts: [String], _ pair: Pair) -> [String] {
    var result: [String] = []
    var index = 0
    while index < parts.count {
      let isPair =
        index + 1 < parts.count && parts[index] == pair.first && parts[index + 1] == pair.second
      result.append(isPair ? pair.first + pair.second : parts[index])
      index += isPair ? 2 : 1
    }
    return result
  }
}

extension BytePairEncoding {
  /// Learns merges from texts: the most frequent pair of neighbours first, ties in the order of
  /// their symbols, so that every worker learns the same.
  ///
  /// - `mergesMax`: It ends earlier when no pair occurs twice.
  package init(learnedFrom texts: [String], mergesMax: Int) {
    var frequencies: [String: Int] = [:]
    for text in texts {
      for word in WordSplitter.words(of: text) { frequencies[word, default: 0] += 1 }
    }
    var words = frequencies.sorted { $0.key < $1.key }
      .map { (parts: Self.letters(of: $0.key), frequency: $0.value) }
    var merges: [Pair] = []
    while merges.count < mergesMax {
      var counts: [Pair: Int] = [:]
      for word in words {
        for (first, second) in zip(word.parts, word.parts.dropFirst()) {
          counts[Pair(first, second), default: 0] += word.frequency
        }
      }
      let best = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
      guard let best, best.value >= 2 else { break }
      merges.append(best.key)
      for index in words.indices where words[index].parts.count > 1 {
        words[index].parts = Self.merged(words[index].parts, best.key)
      }
    }
    self.init(merges: merges)
  }
}
