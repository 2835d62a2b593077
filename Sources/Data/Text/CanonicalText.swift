import Foundation

/// Canonical decomposition and composition (Unicode NFD, NFC), and case, as tokenizers use them.
enum CanonicalText {
  /// Decompositions of the characters below U+3000, where nearly all accents are, made in one go.
  private static let decompositions: [Unicode.Scalar: [Unicode.Scalar]] = {
    let scalars = (UInt32(0xC0)..<0x3000).compactMap(Unicode.Scalar.init)
    var text = String.UnicodeScalarView()
    for scalar in scalars {
      text.append(scalar)
      text.append("\n")
    }
    let parts = String(text).decomposedStringWithCanonicalMapping.unicodeScalars
      .split(separator: "\n", omittingEmptySubsequences: false)
    var result: [Unicode.Scalar: [Unicode.Scalar]] = [:]
    for (scalar, part) in zip(scalars, parts) where !part.elementsEqual([scalar]) {
      result[scalar] = Array(part)
    }
    return result
  }()

  /// The decomposition of a run of characters with nonspacing marks left out, appended to `result`.
  ///
  /// Marks that stay (newer than the table of `CharacterClasses`, or spacing) may have to change
  /// places: only then the whole run is decomposed at once.
  static func appendWithoutMarks(
    _ scalars: [Unicode.Scalar], to result: inout [Unicode.Scalar]
  ) {
    let start = result.count
    for scalar in scalars {
      let parts =
        scalar.value < 0x3000
        ? decompositions[scalar] ?? [scalar]
        : scalar.properties.isIdeographic ? decomposedIdeograph(scalar) : decomposed([scalar])
      for part in parts where !CharacterClasses.of(part).contains(.mark) {
        if part.properties.canonicalCombiningClass != .notReordered {
          result.removeSubrange(start...)
          result += decomposed(scalars).filter { !CharacterClasses.of($0).contains(.mark) }
          return
        }
        result.append(part)
      }
    }
  }

  /// Only compatibility ideographs decompose.
  private static func decomposedIdeograph(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    switch scalar.value {
    case 0xF900...0xFAFF, 0x2F800...0x2FA1F: decomposed([scalar])
    default: [scalar]
    }
  }

  private static func decomposed(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return Array(String(text).decomposedStringWithCanonicalMapping.unicodeScalars)
  }

  /// The composed form; nothing below U+0300 changes.
  static func composed(_ text: String) -> String {
    text.unicodeScalars.allSatisfy { $0.value < 0x300 }
      ? text : text.precomposedStringWithCanonicalMapping
  }

  /// The lower-case form of one character, without regard to its neighbours.
  static func appendLowercased(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    if scalar.value < 0x80 {
      let byte = UInt8(scalar.value)
      bytes.append(byte >= 65 && byte <= 90 ? byte + 32 : byte)
    } else if scalar.properties.changesWhenLowercased || scalar == "\u{130}" {
      bytes += scalar.properties.lowercaseMapping.utf8
    } else {
      bytes.append(scalar)
    }
  }
}
