/// BERT's way from a text to words (Devlin et al. 2019): clean, part ideographs, strip accents, lower
/// case, then part at white space and punctuation.
package struct BertWords: Sendable, Hashable {
  /// Whether control characters are dropped and white space becomes spaces.
  package var cleansText = true
  /// Whether each ideograph is a word.
  package var partsIdeographs = true
  package var lowercases = true
  /// Whether accents are dropped; as `lowercases` unless told.
  package var stripsAccents: Bool?

  package init(lowercases: Bool = true) { self.lowercases = lowercases }

  private var dropsMarks: Bool { stripsAccents ?? lowercases }

  private enum Fate: UInt8 { case letter, space, word, drop }

  /// Calls `body` with the bytes of every word, in order.
  func forEachWord(
    in text: UnsafeBufferPointer<UInt8>, word: inout [UInt8], _ body: ([UInt8]) -> Void
  ) {
    word.removeAll(keepingCapacity: true)
    func end() {
      if !word.isEmpty { body(word) }
      word.removeAll(keepingCapacity: true)
    }
    func put(_ scalar: Unicode.Scalar) {
      let classes = CharacterClasses.of(scalar)
      if classes.contains(.whitespace) {
        end()
      } else if classes.contains(.punctuation) {
        end()
        word.append(scalar)
        end()
      } else {
        word.append(scalar)
      }
    }
    let (asciiFates, isLower) = (Self.asciiFates, lowercases)
    var reader = ScalarReader(text)
    while !reader.isAtEnd {
      let byte = text[reader.position]
      if byte < 0x80 {
        reader.position += 1
        switch asciiFates[Int(byte)] {
        case .letter: word.append(isLower && byte >= 65 && byte <= 90 ? byte + 32 : byte)
        case .space: end()
        case .word:
          end()
          word.append(byte)
          end()
        case .drop:
          if !cleansText { put(Unicode.Scalar(byte)) }
        }
        continue
      }
      // A run beyond ASCII: marks that change places stay within it.
      var run: [Unicode.Scalar] = []
      while !reader.isAtEnd, text[reader.position] >= 0x80 {
        let scalar = reader.next()
        let classes = CharacterClasses.of(scalar)
        if cleansText, classes.contains(.control) { continue }
        if cleansText, classes.contains(.whitespace) {
          run.append(" ")
        } else if partsIdeographs, classes.contains(.ideograph) {
          run += [" ", scalar, " "]
        } else {
          run.append(scalar)
        }
      }
      var plain: [Unicode.Scalar] = []
      if dropsMarks { CanonicalText.appendWithoutMarks(run, to: &plain) } else { plain = run }
      for scalar in plain {
        guard lowercases, scalar.properties.changesWhenLowercased || scalar == "\u{130}" else {
          put(scalar)
          continue
        }
        for lower in scalar.properties.lowercaseMapping.unicodeScalars { put(lower) }
      }
    }
    end()
  }

  private static let asciiFates: [Fate] = (UInt8(0)..<0x80).map { byte in
    let classes = CharacterClasses.of(Unicode.Scalar(byte))
    if classes.contains(.control) { return .drop }
    if classes.contains(.whitespace) { return .space }
    return classes.contains(.punctuation) ? .word : .letter
  }
}
