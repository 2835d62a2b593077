import Data

/// Where a job's samples come from: `{world: scenes, size: 2000}` or `{path: DIR, format: voc}`, with
/// `served: true` for a folder that only the coordinator sees.
public enum DataSpecification: Hashable, Sendable, Codable {
  case world(name: String, options: [String: OptionValue])
  /// `options`: the format's own keys.
  ///
  /// `served`: Whether workers read through the coordinator; nil for those that do not see the same.
  case files(path: String, format: String, options: [String: String] = [:], served: Bool? = nil)

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
      var served: Bool?
      if let value = rest.removeValue(forKey: "served") {
        guard case .flag(let flag) = value else {
          throw DataError(
            file: "data", problem: "has served: \(value), which is no flag",
            advice: "Write true, false, or leave it out")
        }
        served = flag
      }
      let options = rest.mapValues { $0.description }
      try dataFormat(named: format).check(options: options)
      self = .files(path: path, format: format, options: options, served: served)
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
    case .files(let path, let format, let options, let served):
      options.mapValues { OptionValue.text($0) }
        .merging(["path": .text(path), "format": .text(format)]) { _, mine in mine }
        .merging(served.map { ["served": .flag($0)] } ?? [:]) { _, mine in mine }
    }
  }

  /// The data's folder; nil for a world.
  public var path: String? {
    if case .files(let path, _, _, _) = self { path } else { nil }
  }

  /// Whether workers are to read through the coordinator; nil where nothing is said.
  public var served: Bool? {
    if case .files(_, _, _, let served) = self { served } else { nil }
  }

  /// `files`: Where the data's folder is read from; by default this machine's own.
  ///
  /// Throws: `DataError` for whatever is wrong with the name, the options, the path or the split.
  public func open(split: String, from files: (any FileTree)? = nil) throws -> any SampleSource {
    switch self {
    case .world(let name, let options):
      try makeWorld(named: name, options: options).source(split: split)
    case .files(let path, let format, let options, _):
      try dataFormat(named: format)
        .init(files: files ?? LocalFiles(path), split: split, options: options)
    }
  }
}
