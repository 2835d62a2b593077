import Data
import Tensors

/// Posts of which half show their label in a word and half in a pattern of letters, for the fusion of
/// encoders that cut texts in different ways.
///
/// The words come in pairs of the same letters, `listen` and `silent`: a bag of letters cannot tell
/// them apart. The patterns are drawn-out words of more than 100 letters, `nooo…o` and `naaa…a`, which
/// a vocabulary of words does not know: to WordPiece all of them are one unknown word. Each cue tells
/// its half of the posts surely and the other half not at all.
public struct TwoCues: World {
  public static let name = "two-cues"
  public static let summary =
    "posts whose label is in a word or in a pattern of letters, for the fusion of two encoders"
  public static let format = ConstraintSource.format
  public static let options = PostSource.options

  private let values: [String: Int]

  public init(options: [String: OptionValue] = [:]) throws {
    values = try Self.checked(options)
  }

  public let splits = PostSource.splitNames

  /// Real and fake.
  private static let words = [
    ["listen", "silent"], ["study", "dusty"], ["earth", "heart"], ["night", "thing"],
    ["taste", "state"], ["bored", "robed"], ["save", "vase"], ["least", "steal"],
  ]
  private static let vowels = ["o", "a"]

  public func source(split: String) throws -> any SampleSource { try posts(split) }

  private func posts(_ split: String) throws -> PostSource {
    try PostSource(Self.name, split: split, options: values) { key in
      let draws = key.derived("draws")
      let label = draws.integer(0, below: 2)
      let words = PostWords.drawn(
        5 + draws.integer(1, below: 4), from: Self.common, key.derived("words"))
      let cue: String
      if draws.integer(2, below: 2) == 0 {
        cue = Self.words[draws.integer(3, below: Self.words.count)][label]
      } else {
        cue = "n" + String(repeating: Self.vowels[label], count: 101 + draws.integer(3, below: 10))
      }
      return (PostWords.mixed(words, with: [cue], key.derived("places")), label)
    }
  }

  private static let common = PostWords.common.filter { !words.joined().contains($0) }

  public func write(to path: String) throws {
    try PostSource.write(splits.map { try posts($0) }, to: path)
  }
}
