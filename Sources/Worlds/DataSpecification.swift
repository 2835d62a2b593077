import Data

/// Where a job's samples come from: `{world: scenes, size: 2000}` or `{path: DIR, format: voc}`.
public enum DataSpecification: Hashable, Sendable, Codable {
  case world(name: String, options: [String: OptionValue])
  /// `options`: the format's own keys.
  case files(path: String, format: String, options: [String: String] = [:])

  /// From the keys of a job's `data:` section.
  ///
  /// Throws: `DataError` when keys are unknown, missing or contradict each other.
  public init(fields: [String: OptionValue]) throws {
    var rest = fields
    let world = rest.removeValue(forKey: "world")
    let path = rest.removeValue(forKey: "path")
    switch (world, path) {
    case (.text(let name)?, nil):
      _ = try makeWorld(named: name, options: rest)
      self = .world(name: name, options: rest)
    case (nil, .text(let path)?):
      guard case .text(let format)? = rest.removeValue(forKey: "format") else {
        let formats = dataFormats.map { $0.format }.joined(separator: ", ")
        throw DataError(
          file: "data", problem: "has a path but no format", advice: "Add format: one of \(formats)"
        )
      }
      let options = rest.mapValues { $0.description }
      try dataFormat(named: format).check(options: options)
      self = .files(path: path, format: format, options: options)
    default:
      throw DataError(
        file: "data",
        problem: "must have either world or path, as text; it has \(fields.keys.sorted())",
        advice: "Write {world: scenes} or {path: DIR, format: voc}")
    }
  }

  /// The keys `init(fields:)` reads.
  public var fields: [String: OptionValue] {
    switch self {
    case .world(let name, let options):
      options.merging(["world": .text(name)]) { _, name in name }
    case .files(let path, let format, let options):
      options.mapValues { OptionValue.text($0) }
        .merging(["path": .text(path), "format": .text(format)]) { _, mine in mine }
    }
  }

  /// Throws: `DataError` for whatever is wrong with the name, the options, the path or the split.
  public func open(split: String) throws -> any SampleSource {
    switch self {
    case .world(let name, let options):
      try makeWorld(named: name, options: options).source(split: split)
    case .files(let path, let format, let options):
      try openData(format: format, path: path, split: split, options: options)
    }
  }
}
