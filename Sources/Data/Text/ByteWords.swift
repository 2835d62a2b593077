/// How a byte-level encoding parts a text into words, within which symbols are merged.
package enum ByteWords: Sendable, Hashable {
  /// GPT-2's and RoBERTa's, where a word keeps the space before it:
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
  case spaced
  /// CLIP's, where white space only parts words and each digit is one:
  /// `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
  case separate

  private enum Kind: Equatable { case space, letter, number, other }

  /// Calls `body` with every word, in order.
  func forEachWord(
    in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    var start = 0
    while start < text.count {
      let end = end(of: text, from: start)
      let isSeparator = self == .separate && Self.kind(text, start).kind == .space
      if !isSeparator { body(UnsafeBufferPointer(rebasing: text[start..<end])) }
      start = end
    }
  }

  private func end(of text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    if text[start] == UInt8(ascii: "'"), let end = Self.contraction(text, start) { return end }
    var (kind, length) = Self.kind(text, start)
    var first = start
    if kind == .space {
      var end = start
      var last = start
      while end < text.count, case let (other, count) = Self.kind(text, end), other == .space {
        last = end
        end += count
      }
      guard self == .spaced, end < text.count else { return end }
      // The last character of white space before a word is the word's if it is a space.
      if last > start { return last }
      guard text[start] == UInt8(ascii: " ") else { return end }
      first = end
      (kind, length) = Self.kind(text, first)
    }
    var end = first + length
    if kind == .number, self == .separate { return end }
    while end < text.count, case let (other, count) = Self.kind(text, end), other == kind {
      end += count
    }
    return end
  }

  private static let asciiKinds: [Kind] = (UInt8(0)..<128).map {
    kind(of: CharacterClasses.of(Unicode.Scalar($0)))
  }

  private static func kind(
    _ text: UnsafeBufferPointer<UInt8>, _ position: Int
  ) -> (kind: Kind, count: Int) {
    let byte = text[position]
    if byte < 0x80 { return (asciiKinds[Int(byte)], 1) }
    let (scalar, count) = ScalarReader.scalar(text, at: position)
    return (kind(of: CharacterClasses.of(scalar)), count)
  }

  private static func kind(of classes: CharacterClasses) -> Kind {
    if classes.contains(.whitespace) { return .space }
    if classes.contains(.letter) { return .letter }
    return classes.contains(.number) ? .number : .other
  }

  /// The end of 's, 't, 're, 've, 'm, 'll or 'd.
  private static func contraction(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
    guard start + 1 < text.count else { return nil }
    switch text[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case let first where start + 2 < text.count:
      switch (first, text[start + 2]) {
      case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
        (UInt8(ascii: "l"), UInt8(ascii: "l")):
        return start + 3
      default: return nil
      }
    default: return nil
    }
  }
}
