/// Turns texts into the numbers of a vocabulary, as the tokenizers of the ecosystem do, to the number.
package struct Tokenizer: Sendable {
  /// How words are found and turned into symbols.
  enum Model: Sendable {
    case wordPiece(BertWords, WordPiece)
    case bytePairs(ByteText, ByteWords, BytePairs)
  }

  /// What a byte-level encoding does to a text first.
  struct ByteText: Sendable, Hashable {
    /// CLIP: composed characters, single spaces, lower case.
    var composes = false
    var joinsWhitespace = false
    var lowercases = false
    /// RoBERTa's option: a word at the beginning is encoded like one in the middle.
    var prefixesSpace = false

    var changesText: Bool { composes || joinsWhitespace || lowercases }
  }

  package let vocabulary: Vocabulary
  /// What stands around and between texts.
  package let frame: TokenFrame
  let model: Model
  private let raw: AddedTokens
  private let normalized: AddedTokens
  private let special: Set<Int32>
  private let cache = WordCache()

  init(_ model: Model, frame: TokenFrame, added: [AddedTokens.Token]) {
    self.model = model
    self.frame = frame
    vocabulary =
      switch model {
      case .wordPiece(_, let pieces): pieces.vocabulary
      case .bytePairs(_, _, let pairs): pairs.vocabulary
      }
    raw = AddedTokens(added.filter { !$0.isNormalized })
    normalized = AddedTokens(added.filter(\.isNormalized))
    special = Set(added.filter(\.isSpecial).map(\.number))
  }

  /// How many numbers there are: embeddings need as many rows.
  package var count: Int {
    max(
      vocabulary.count,
      Int((raw.tokens + normalized.tokens).map(\.number).max() ?? -1) + 1)
  }

  /// The number of a symbol or added token.
  package func number(of symbol: String) -> Int32? {
    (raw.tokens + normalized.tokens).first { $0.content == symbol }?.number ?? vocabulary[symbol]
  }

  /// The same with further symbols, which are found in a text as it stands, between characters that
  /// are no letters or digits, and are never parted. New ones are numbered on from `count` in their
  /// order; a symbol that is known keeps its number.
  package func adding(_ symbols: [String]) -> Tokenizer {
    var added = raw.tokens
    var next = Int32(count)
    for symbol in symbols where !added.contains(where: { $0.content == symbol }) {
      var token = AddedTokens.Token(symbol, vocabulary[symbol] ?? next)
      token.isWholeWord = true
      token.isSpecial = false
      added.append(token)
      if token.number == next { next += 1 }
    }
    return Tokenizer(model, frame: frame, added: added + normalized.tokens)
  }

  /// The numbers of a text, without what stands around it.
  package func encode(_ text: String) -> [Int32] {
    var result: [Int32] = []
    var text = text
    cache.use { memory in
      text.withUTF8 { append($0, to: &result, &memory) }
    }
    return result
  }

  /// As `encode`, for many texts: the memory of words is taken once.
  package func encode(_ texts: [String]) -> [[Int32]] {
    cache.use { memory in
      texts.map { text in
        var result: [Int32] = []
        var text = text
        text.withUTF8 { append($0, to: &result, &memory) }
        return result
      }
    }
  }

  private func append(
    _ text: UnsafeBufferPointer<UInt8>, to result: inout [Int32],
    _ memory: inout WordCache.Memory?
  ) {
    raw.forEachPart(in: text) { part in
      switch part {
      case .token(let number): result.append(number)
      case .text(let range):
        appendNormalized(UnsafeBufferPointer(rebasing: text[range]), to: &result, &memory)
      }
    }
  }

  private func appendNormalized(
    _ text: UnsafeBufferPointer<UInt8>, to result: inout [Int32],
    _ memory: inout WordCache.Memory?
  ) {
    switch model {
    case .wordPiece(let words, let pieces):
      var word: [UInt8] = []
      words.forEachWord(in: text, word: &word) { word in
        word.withUnsafeBufferPointer { word in
          remembering(word, &result, &memory) { pieces.append(word, to: &$0) }
        }
      }
    case .bytePairs(let settings, let words, let pairs):
      let bytes = settings.changesText ? settings.applied(to: text) : Array(text)
      bytes.withUnsafeBufferPointer { bytes in
        normalized.forEachPart(in: bytes) { part in
          switch part {
          case .token(let number): result.append(number)
          case .text(let range):
            let part = UnsafeBufferPointer(rebasing: bytes[range])
            settings.withPrefix(part) { part in
              words.forEachWord(in: part) { word in
                remembering(word, &result, &memory) { pairs.append(word, to: &$0) }
              }
            }
          }
        }
      }
    }
  }

  private func remembering(
    _ word: UnsafeBufferPointer<UInt8>, _ result: inout [Int32],
    _ memory: inout WordCache.Memory?, _ encode: (inout [Int32]) -> Void
  ) {
    if memory?.append(word, to: &result) == true { return }
    let start = result.count
    encode(&result)
    memory?.remember(word, result[start...])
  }

  /// The text of some numbers, special tokens and unknown numbers left out.
  package func decode(_ numbers: [Int32]) -> String {
    let kept = numbers.filter { !special.contains($0) && $0 >= 0 && Int($0) < vocabulary.count }
    switch model {
    case .wordPiece(_, let pieces):
      var text = ""
      for number in kept {
        let symbol = vocabulary.symbols[Int(number)]
        if symbol.hasPrefix(pieces.continuation) {
          text += symbol.dropFirst(pieces.continuation.count)
        } else {
          text += (text.isEmpty ? "" : " ") + symbol
        }
      }
      return text
    case .bytePairs(_, _, let pairs):
      var bytes: [UInt8] = []
      for number in kept {
        guard let (part, isLast) = pairs.bytes(of: number) else { continue }
        bytes += part
        if isLast { bytes.append(UInt8(ascii: " ")) }
      }
      return String(decoding: bytes, as: UTF8.self).trimmed
    }
  }
}

extension Tokenizer.ByteText {
  func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    let isASCII = text.allSatisfy { $0 < 0x80 }
    let source =
      composes && !isASCII
      ? Array(CanonicalText.composed(String(decoding: text, as: UTF8.self)).utf8) : Array(text)
    source.withUnsafeBufferPointer { source in
      var reader = ScalarReader(source)
      var isAfterSpace = false
      while !reader.isAtEnd {
        let scalar = reader.next()
        if joinsWhitespace, CharacterClasses.of(scalar).contains(.whitespace) {
          if !isAfterSpace { bytes.append(UInt8(ascii: " ")) }
          isAfterSpace = true
          continue
        }
        isAfterSpace = false
        if lowercases {
          CanonicalText.appendLowercased(scalar, to: &bytes)
        } else {
          bytes.append(scalar)
        }
      }
    }
    return bytes
  }

  func withPrefix(
    _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    guard prefixesSpace, let first = text.first, first != UInt8(ascii: " ") else {
      return body(text)
    }
    ([UInt8(ascii: " ")] + text).withUnsafeBufferPointer(body)
  }
}
