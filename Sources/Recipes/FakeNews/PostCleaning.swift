/// What of a post its tokenizers see: lower-case words of letters and digits, without links, entities,
/// emoji and stop words. Some tokens are kept as they are, `covid-19` with its hyphen.
package struct PostCleaning: Sendable {
  /// Kept whole between characters that are neither letters nor digits, in the given order.
  let tokens: [String]
  /// By their scalars, the longest first.
  private let kept: [(scalars: [Unicode.Scalar], word: String)]

  package init(tokens: [String]) {
    self.tokens = tokens
    kept = tokens.map { (Array($0.unicodeScalars), $0) }
      .sorted { ($1.scalars.count, $0.word) < ($0.scalars.count, $1.word) }
  }

  /// The words that are left, and for each whether it is one of `tokens`.
  package func words(of post: String) -> [(word: String, isToken: Bool)] {
    let text = Array(Self.unescaped(post).lowercased().unicodeScalars)
    var words: [(word: String, isToken: Bool)] = []
    var (word, place) = ("", 0)
    func end() {
      if !word.isEmpty, !StopWords.english.contains(word) { words.append((word, false)) }
      word = ""
    }
    while place < text.count {
      if let length = Self.linkLength(text, at: place) {
        // What stands before a link and behind it comes together.
        place += length
      } else if let token = token(in: text, at: place) {
        end()
        words.append((token.word, true))
        place += token.scalars.count
      } else {
        if Self.isPlain(text[place]) { word.unicodeScalars.append(text[place]) } else { end() }
        place += 1
      }
    }
    end()
    return words
  }

  /// The words, parted by blanks.
  package func callAsFunction(_ post: String) -> String {
    words(of: post).map(\.word).joined(separator: " ")
  }

  private func token(
    in text: [Unicode.Scalar], at place: Int
  ) -> (scalars: [Unicode.Scalar], word: String)? {
    guard place == 0 || !Self.isAlphanumeric(text[place - 1]) else { return nil }
    return kept.first { token in
      let last = place + token.scalars.count
      return last <= text.count && text[place..<last].elementsEqual(token.scalars)
        && (last == text.count || !Self.isAlphanumeric(text[last]))
    }
  }

  /// How many characters a link that begins here has.
  private static func linkLength(_ text: [Unicode.Scalar], at place: Int) -> Int? {
    guard text[place] == "h" else { return nil }
    for scheme in schemes where text[place...].starts(with: scheme) {
      let rest = text[(place + scheme.count)...].prefix { !$0.properties.isWhitespace }
      if !rest.isEmpty { return scheme.count + rest.count }
    }
    return nil
  }

  private static let schemes = ["http://", "https://"].map { Array($0.unicodeScalars) }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
  }

  private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    isPlain(scalar)
      || !scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
  }

  /// `&amp;`, `&lt;` and `&gt;` as the characters that they stand for.
  private static func unescaped(_ post: String) -> String {
    guard post.utf8.contains(UInt8(ascii: "&")) else { return post }
    var result = ""
    var rest = Substring(post).unicodeScalars
    while let scalar = rest.first {
      if scalar == "&",
        let (name, character) = entities.first(where: { rest.starts(with: $0.0.unicodeScalars) })
      {
        result.unicodeScalars.append(character)
        rest = rest.dropFirst(name.unicodeScalars.count)
      } else {
        result.unicodeScalars.append(scalar)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  private static let entities: [(String, Unicode.Scalar)] = [
    ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"),
  ]
}
