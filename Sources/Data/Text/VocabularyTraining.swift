extension Tokenizer {
  /// Learns CLIP's kind of tokenizer from texts: the most frequent pair of neighbours first, ties in
  /// the order of their symbols, so that every worker learns the same.
  ///
  /// `mergesMax`: It ends earlier when no pair occurs twice.
  package static func learnedCLIP(from texts: [String], mergesMax: Int) -> Tokenizer {
    let settings = ByteText(composes: true, joinsWhitespace: true, lowercases: true)
    let merges = PairLearning.merges(
      of: words(of: texts, settings, .separate), wordEnd: "</w>", countMax: mergesMax)
    do { return try clip(merges: merges) } catch {
      preconditionFailure("learned merges make their own vocabulary: \(error)")
    }
  }

  /// Learns RoBERTa's kind of tokenizer: `<s>`, `<pad>`, `</s>`, `<unk>`, `<mask>`, the bytes, then
  /// what the merges make.
  package static func learnedRoberta(from texts: [String], mergesMax: Int) -> Tokenizer {
    let merges = PairLearning.merges(
      of: words(of: texts, ByteText(), .spaced), wordEnd: "", countMax: mergesMax)
    let special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    let vocabulary = Vocabulary(
      special + ByteAlphabet.bytesInOrder.map { String(ByteAlphabet.characters[Int($0)]) }
        + merges.map { $0.first + $0.second })
    var frame = TokenFrame()
    frame.start = [0]
    frame.between = [2, 2]
    frame.end = [2]
    frame.padding = 1
    do {
      return Tokenizer(
        .bytePairs(ByteText(), .spaced, try BytePairs(vocabulary, merges: merges)), frame: frame,
        added: special.enumerated().map { index, symbol in
          var token = AddedTokens.Token(symbol, Int32(index))
          token.takesSpaceBefore = symbol == "<mask>"
          return token
        })
    } catch { preconditionFailure("learned merges make their own vocabulary: \(error)") }
  }

  /// Learns BERT's kind of tokenizer: special symbols, characters, pieces that continue a word with
  /// `##`, then what merging the most frequent neighbours makes.
  ///
  /// `countMax`: Symbols in all; at least the characters that occur are there.
  package static func learnedBERT(
    from texts: [String], countMax: Int, lowercases: Bool = true
  ) -> Tokenizer {
    var frequencies: [[UInt8]: Int] = [:]
    let settings = BertWords(lowercases: lowercases)
    var word: [UInt8] = []
    for text in texts {
      var text = text
      text.withUTF8 { bytes in
        settings.forEachWord(in: bytes, word: &word) { frequencies[$0, default: 0] += 1 }
      }
    }
    let words = frequencies.map { bytes, frequency in
      let characters = String(decoding: bytes, as: UTF8.self).unicodeScalars
      return PairLearning.Word(
        parts: characters.enumerated().map { ($0 == 0 ? "" : "##") + String($1) },
        frequency: frequency)
    }
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    let letters = Set(words.flatMap(\.parts).map { Array($0.utf8) }).sorted(by: isBefore)
      .map { String(decoding: $0, as: UTF8.self) }
    let merges = PairLearning.merges(
      of: words, countMax: max(0, countMax - special.count - letters.count), continuation: "##")
    let joined = merges.map { $0.first + $0.second.dropFirst(2) }
    do {
      return try bert(
        vocabulary: special + letters.filter { !special.contains($0) } + joined,
        lowercases: lowercases)
    } catch { preconditionFailure("the learned vocabulary has BERT's symbols: \(error)") }
  }

  private static func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.lexicographicallyPrecedes(b)
  }

  private static func words(
    of texts: [String], _ settings: ByteText, _ splitting: ByteWords
  ) -> [PairLearning.Word] {
    var frequencies: [[UInt8]: Int] = [:]
    for text in texts {
      var text = text
      text.withUTF8 { bytes in
        let normalized = settings.applied(to: bytes)
        normalized.withUnsafeBufferPointer { bytes in
          splitting.forEachWord(in: bytes) { frequencies[Array($0), default: 0] += 1 }
        }
      }
    }
    return frequencies.map { bytes, frequency in
      PairLearning.Word(
        parts: bytes.map { String(ByteAlphabet.characters[Int($0)]) }, frequency: frequency)
    }
  }
}

/// Learns which neighbours to join (Sennrich et al. 2016).
enum PairLearning {
  struct Word {
    var parts: [String]
    var frequency: Int
  }

  private struct Pair: Hashable {
    let first: Int
    let second: Int
  }

  /// The most frequent pair first; among equals the one whose symbols come first by their bytes.
  /// Ends early when no pair occurs twice.
  static func merges(
    of words: [Word], wordEnd: String = "", countMax: Int, continuation: String = ""
  ) -> [(first: String, second: String)] {
    var symbols: [String] = []
    var numbers: [[UInt8]: Int] = [:]
    func number(_ symbol: String) -> Int {
      let key = Array(symbol.utf8)
      if let known = numbers[key] { return known }
      symbols.append(symbol)
      numbers[key] = symbols.count - 1
      return symbols.count - 1
    }
    // The order of words does not matter to sums; symbols are compared by bytes, not by number.
    var rows = words.map { word in
      word.parts.enumerated().map { index, part in
        number(index == word.parts.count - 1 ? part + wordEnd : part)
      }
    }
    var counts: [Pair: Int] = [:]
    var places: [Pair: Set<Int>] = [:]
    func add(_ row: Int, _ sign: Int) {
      for (first, second) in zip(rows[row], rows[row].dropFirst()) {
        let pair = Pair(first: first, second: second)
        counts[pair, default: 0] += sign * words[row].frequency
        if sign > 0 { places[pair, default: []].insert(row) }
      }
    }
    for row in rows.indices { add(row, 1) }
    func isBefore(_ a: Pair, _ b: Pair) -> Bool {
      let (x, y) = (Array(symbols[a.first].utf8), Array(symbols[b.first].utf8))
      if x != y { return x.lexicographicallyPrecedes(y) }
      return Array(symbols[a.second].utf8)
        .lexicographicallyPrecedes(Array(symbols[b.second].utf8))
    }
    var merges: [(first: String, second: String)] = []
    while merges.count < countMax {
      var best: (pair: Pair, count: Int)?
      for (pair, count) in counts where count >= 2 {
        guard let known = best else {
          best = (pair, count)
          continue
        }
        if count > known.count || count == known.count && isBefore(pair, known.pair) {
          best = (pair, count)
        }
      }
      guard let pair = best?.pair else { break }
      let (first, second) = (symbols[pair.first], symbols[pair.second])
      merges.append((first, second))
      let joined = number(first + second.dropFirst(continuation.count))
      for row in places[pair] ?? [] {
        add(row, -1)
        rows[row] = joining(rows[row], pair, joined)
        add(row, 1)
      }
      counts[pair] = nil
      places[pair] = nil
    }
    return merges
  }

  /// Every occurrence of the pair joined, from the left.
  private static func joining(_ row: [Int], _ pair: Pair, _ joined: Int) -> [Int] {
    var result: [Int] = []
    var index = 0
    while index < row.count {
      let isPair =
        index + 1 < row.count && row[index] == pair.first && row[index + 1] == pair.second
      result.append(isPair ? joined : row[index])
      index += isPair ? 2 : 1
    }
    return result
  }
}
