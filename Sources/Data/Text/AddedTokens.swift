/// Symbols that are recognised in a text as they stand, before anything else: `[MASK]`, `<s>`.
package struct AddedTokens: Sendable {
  package struct Token: Sendable, Hashable {
    package var content: String
    package var number: Int32
    /// Whether white space before and after belongs to it.
    package var takesSpaceBefore = false
    package var takesSpaceAfter = false
    /// Whether it counts only between characters that are no letters or digits.
    package var isWholeWord = false
    /// Whether it is looked for in the normalised text.
    package var isNormalized = false
    /// Whether `decode` leaves it out.
    package var isSpecial = true

    package init(_ content: String, _ number: Int32) {
      self.content = content
      self.number = number
    }
  }

  package let tokens: [Token]
  private let byFirstByte: [[(bytes: [UInt8], token: Token)]]

  package init(_ tokens: [Token]) {
    self.tokens = tokens
    var table = [[(bytes: [UInt8], token: Token)]](repeating: [], count: 256)
    for token in tokens where !token.content.isEmpty {
      let bytes = Array(token.content.utf8)
      table[Int(bytes[0])].append((bytes, token))
    }
    // The longest wins.
    byFirstByte = table.map { $0.sorted { $0.bytes.count > $1.bytes.count } }
  }

  enum Part {
    case text(Range<Int>)
    case token(Int32)
  }

  /// Parts a text at the tokens in it.
  func forEachPart(in text: UnsafeBufferPointer<UInt8>, _ body: (Part) -> Void) {
    var (done, position) = (0, 0)
    while position < text.count {
      let candidates = byFirstByte[Int(text[position])]
      guard !candidates.isEmpty,
        let match = candidates.first(where: { candidate in
          text[position...].starts(with: candidate.bytes)
        })
      else {
        position += 1
        continue
      }
      var (start, end) = (position, position + match.bytes.count)
      if match.token.isWholeWord, Self.isInWord(text, start, end) {
        position = end
        continue
      }
      if match.token.takesSpaceBefore {
        while start > done, let before = Self.spaceBefore(text, start), before >= done {
          start = before
        }
      }
      if match.token.takesSpaceAfter {
        while end < text.count, case let (scalar, count) = ScalarReader.scalar(text, at: end),
          CharacterClasses.of(scalar).contains(.whitespace)
        {
          end += count
        }
      }
      if start > done { body(.text(done..<start)) }
      body(.token(match.token.number))
      (done, position) = (end, end)
    }
    if done < text.count { body(.text(done..<text.count)) }
  }

  /// Where a character of white space that ends at `end` begins.
  private static func spaceBefore(_ text: UnsafeBufferPointer<UInt8>, _ end: Int) -> Int? {
    guard let start = startOfScalar(text, before: end) else { return nil }
    let scalar = ScalarReader.scalar(text, at: start).scalar
    return CharacterClasses.of(scalar).contains(.whitespace) ? start : nil
  }

  private static func startOfScalar(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int? {
    guard end > 0 else { return nil }
    var start = end - 1
    while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }

  private static func isInWord(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int
  ) -> Bool {
    func isWord(_ position: Int) -> Bool {
      let scalar = ScalarReader.scalar(text, at: position).scalar
      return scalar == "_" || scalar.properties.isAlphabetic
        || !CharacterClasses.of(scalar).isDisjoint(with: [.letter, .number, .mark])
    }
    if end < text.count, isWord(end) { return true }
    return startOfScalar(text, before: start).map(isWord) ?? false
  }
}
