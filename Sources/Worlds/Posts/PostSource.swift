import Data
import Tensors

/// Posts that are made on demand: what `ConstraintSource` reads of the tables that a world writes.
struct PostSource: SampleSource {
  let world: String
  let split: String
  let count: Int
  /// The world's options, for what identifies the data.
  let values: [String: Int]
  /// Of this split.
  let key: RandomKey
  let make: @Sendable (RandomKey) -> (text: String, label: Int)

  let classNames: [String] = []
  let labelNames = ConstraintSource.labels
  let splits = Self.splitNames
  static let splitNames = ["test", "train", "val"]

  /// Sizes of all splits and the seed.
  static let options = [
    WorldOption("train", 1200, in: 2...1_000_000, "number of training posts"),
    WorldOption("val", 200, in: 2...1_000_000, "number of validation posts"),
    WorldOption("test", 600, in: 2...1_000_000, "number of test posts"),
    WorldOption("seed", 1, in: 0...Int.max, "seed of the whole world"),
  ]

  /// Throws: `DataError` for an unknown split.
  init(
    _ world: String, split: String, options: [String: Int],
    make: @escaping @Sendable (RandomKey) -> (text: String, label: Int)
  ) throws {
    guard Self.splitNames.contains(split) else {
      throw DataError(
        file: "world \(world)", problem: "has no split \(split)",
        advice: "Splits are \(Self.splitNames.joined(separator: ", "))")
    }
    self.world = world
    self.split = split
    values = options
    self.make = make
    count = options[split] ?? 0
    key = RandomKey(seed: UInt64(options["seed"] ?? 0)).derived(world).derived(split)
  }

  func name(at index: Int) -> String { "\(index + 1)" }

  func sample(at index: Int) throws -> Sample {
    precondition(index >= 0 && index < count, "\(world): post \(index) of \(count)")
    let post = make(key.derived(index))
    var sample = Sample(id: "\(index + 1)", label: post.label)
    sample.text = post.text
    return sample
  }

  func manifest() throws -> DataManifest {
    let words = values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return DataManifest(
      origin: "world \(world), " + words.joined(separator: ", "), split: split, classNames: [],
      labelNames: labelNames, entries: [])
  }

  /// Writes tables of the layout `constraint`.
  static func write(_ sources: [PostSource], to path: String) throws {
    try Files.makeFolder(path)
    for source in sources {
      guard let file = ConstraintSource.tables[source.split] else { continue }
      let posts = try (0..<source.count).map { index in
        let sample = try source.sample(at: index)
        return (id: sample.id, text: sample.text ?? "", label: sample.label)
      }
      try Files.write(ConstraintSource.csv(of: posts), to: "\(path)/\(file)")
    }
  }
}

/// What the posts of all worlds are filled with; says nothing about a class.
enum PostWords {
  static let common = [
    "people", "today", "city", "report", "news", "hospital", "week", "minister", "cases", "doctor",
    "public", "health", "school", "number", "state", "home", "family", "water", "market", "police",
    "video", "picture", "claim", "shows", "says", "new", "old", "large", "small", "many",
  ]

  static func drawn(_ count: Int, from words: [String], _ key: RandomKey) -> [String] {
    (0..<count).map { words[key.integer($0, below: words.count)] }
  }

  /// With some words put in at places of chance.
  static func mixed(_ words: [String], with others: [String], _ key: RandomKey) -> String {
    var result = words
    for (number, word) in others.enumerated() {
      result.insert(word, at: key.integer(number, below: result.count + 1))
    }
    return result.joined(separator: " ")
  }
}
