/// Cuts a text into what byte pairs may merge within: lower case, without white space; English
/// contractions, runs of letters, single digits, runs of other signs, as CLIP's pattern does:
/// `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
enum WordSplitter {
  static func words(of text: String) -> [String] {
    let scalars = Array(text.lowercased().unicodeScalars)
    var words: [String] = []
    var start = 0
    while start < scalars.count {
      let end = end(of: scalars, from: start)
      if !scalars[start].properties.isWhitespace {
        var word = String.UnicodeScalarView()
        word.append(contentsOf: scalars[start..<end])
        words.append(String(word))
      }
      start = end
    }
    return words
  }

  private enum Kind { case space, letter, number, other }

  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
    Array($0.unicodeScalars)
  }

  private static func end(of scalars: [Unicode.Scalar], from start: Int) -> Int {
    for contraction in contractions where scalars[start...].starts(with: contraction) {
      return start + contraction.count
    }
    let kind = kind(of: scalars[start])
    var end = start + 1
    guard kind != .number else { return end }
    while end < scalars.count, Self.kind(of: scalars[end]) == kind { end += 1 }
    return end
  }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    if scalar.properties.isWhitespace { return .space }
    return switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: .other
    }
  }
}
