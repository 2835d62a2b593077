import Data
import Tensors

/// Posts whose label is in a compound hashtag, for vocabulary expansion: `#StayHomeSafe` is real,
/// `#StaySafeHome` fake.
///
/// A compound has three pieces in some order; even orders are real, odd ones fake. So every piece is
/// in both classes, at every place, and a bag of pieces or letters says nothing: whoever cuts the
/// compound has to know the order. Pieces are ordinary words of posts, too.
public struct Hashtags: World {
  public static let name = "hashtags"
  public static let summary =
    "posts whose label is in the order of a hashtag's pieces, for vocabulary expansion"
  public static let format = ConstraintSource.format
  public static let options = PostSource.options

  private let values: [String: Int]

  public init(options: [String: OptionValue] = [:]) throws {
    values = try Self.checked(options)
  }

  public let splits = PostSource.splitNames

  private static let pieces = [["stay", "home", "safe"], ["mask", "test", "trace"]]
  /// The first three are even.
  private static let orders = [
    [0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [1, 0, 2], [2, 1, 0],
  ]

  /// All compounds as a tokenizer sees them, lower-case: those that are real, then the others.
  public static let compounds: [String] = (0..<2).flatMap { label in
    (0..<2 * 3).map { compound(label, $0).joined() }
  }

  private static func compound(_ label: Int, _ choice: Int) -> [String] {
    let words = pieces[choice / 3]
    return orders[3 * label + choice % 3].map { words[$0] }
  }

  public func source(split: String) throws -> any SampleSource { try posts(split) }

  private func posts(_ split: String) throws -> PostSource {
    try PostSource(Self.name, split: split, options: values) { key in
      let draws = key.derived("draws")
      let label = draws.integer(0, below: 2)
      let compound = Self.compound(label, draws.integer(1, below: 6))
      let hashtag = "#" + compound.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
      let words =
        PostWords.drawn(
          6 + draws.integer(2, below: 7), from: PostWords.common, key.derived("words"))
        + PostWords.drawn(
          draws.integer(3, below: 4), from: Self.pieces.flatMap { $0 }, key.derived("pieces"))
      return (PostWords.mixed(words, with: [hashtag], key.derived("places")), label)
    }
  }

  public func write(to path: String) throws {
    try PostSource.write(splits.map { try posts($0) }, to: path)
  }
}
