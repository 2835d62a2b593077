/// What tokenizers ask of a character, looked up instead of computed.
///
/// The ecosystem's tokenizers use tables of different Unicode versions: BERT's word splitting knows
/// the categories of Unicode 8.0, the regular expressions of byte-level encodings those of 16.0.
/// Vocabularies were made with them, so the same versions hold here: a character counts only if it
/// is old enough, and those that changed their category since are named.
package struct CharacterClasses: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// White_Space.
  package static let whitespace = CharacterClasses(rawValue: 1)
  /// BERT drops it: a control, format or private-use character other than tab and line ends.
  package static let control = CharacterClasses(rawValue: 2)
  /// BERT makes it a word of its own.
  package static let punctuation = CharacterClasses(rawValue: 4)
  /// BERT drops it with the accents: a nonspacing mark.
  package static let mark = CharacterClasses(rawValue: 8)
  /// BERT makes it a word of its own: an ideograph.
  package static let ideograph = CharacterClasses(rawValue: 16)
  /// \p{L}
  package static let letter = CharacterClasses(rawValue: 32)
  /// \p{N}
  package static let number = CharacterClasses(rawValue: 64)

  package static func of(_ scalar: Unicode.Scalar) -> CharacterClasses {
    let value = Int(scalar.value)
    if value < table.count { return table[value] }
    return computed(scalar)
  }

  /// The planes in use; what lies beyond is looked up anew each time.
  private static let table: [CharacterClasses] = (0..<0x20000).map { value in
    Unicode.Scalar(UInt32(value)).map(computed) ?? []
  }

  private static let ideographs: [ClosedRange<UInt32>] = [
    0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
    0x2B920...0x2CEAF, 0x2F800...0x2FA1F,
  ]
  /// Punctuation and nonspacing marks of Unicode 8.0 that were put into other categories later.
  private static let formerPunctuation: Set<UInt32> = [0x166D, 0x111C9]
  private static let formerMarks: Set<UInt32> = [0x1734]
  private static let laterMarks: Set<UInt32> = [0x1885, 0x1886, 0xA9BD, 0x111C9, 0x1171E]

  private static func computed(_ scalar: Unicode.Scalar) -> CharacterClasses {
    let (value, properties) = (scalar.value, scalar.properties)
    var classes: CharacterClasses = []
    if properties.isWhitespace { classes.insert(.whitespace) }
    if ideographs.contains(where: { $0.contains(value) }) { classes.insert(.ideograph) }
    let age = properties.age.map { $0.major * 100 + $0.minor } ?? .max
    let isOfUnicode8 = age <= 800
    switch properties.generalCategory {
    case .control, .format, .privateUse:
      let isLineOrTab = value == 9 || value == 10 || value == 13
      if isOfUnicode8, !isLineOrTab { classes.insert(.control) }
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      if isOfUnicode8 { classes.insert(.punctuation) }
    case .nonspacingMark:
      if isOfUnicode8, !laterMarks.contains(value) { classes.insert(.mark) }
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      if age <= 1600 { classes.insert(.letter) }
    case .decimalNumber, .letterNumber, .otherNumber:
      if age <= 1600 { classes.insert(.number) }
    default: break
    }
    if value == 0xFFFD { classes.insert(.control) }
    if formerPunctuation.contains(value) { classes.insert(.punctuation) }
    if formerMarks.contains(value) { classes.insert(.mark) }
    if value < 128, "$+<=>^`|~".unicodeScalars.contains(scalar) { classes.insert(.punctuation) }
    return classes
  }
}
