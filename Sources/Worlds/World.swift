import Data

/// A data set that is computed instead of stored: sample i is a pure function of (options, split, i).
public protocol World: Sendable {
  /// As in `data: {world: NAME}`.
  static var name: String { get }
  /// One sentence.
  static var summary: String { get }
  static var options: [WorldOption] { get }

  /// Throws: `DataError` for unknown options or impossible values.
  init(options: [String: OptionValue]) throws

  var splits: [String] { get }
  /// Throws: `DataError` for an unknown split.
  func source(split: String) throws -> any SampleSource

  /// Of what `write` writes; "voc" unless the world says otherwise.
  static var format: String { get }

  /// Writes all splits into a folder, in the layout of a real data set.
  func write(to path: String) throws
}

/// Every world of the house. Add yours here.
public let worldCatalog: [any World.Type] = [
  Atria.self, Birds.self, Emblems.self, Hashtags.self, NuisanceFeatures.self, Scenes.self,
  TwoCues.self,
]

/// The world of this name with these options.
///
/// Throws: `DataError` that lists the worlds and the nearest one, or what the options are refused for.
public func makeWorld(named name: String, options: [String: OptionValue]) throws -> any World {
  guard let world = worldCatalog.first(where: { $0.name == name }) else {
    let names = worldCatalog.map { $0.name }
    let near = nearest(to: name, among: names).map { "Did you mean \($0)? " } ?? ""
    throw DataError(
      file: "world \(name)", problem: "is unknown",
      advice: "\(near)Worlds are \(names.joined(separator: ", "))")
  }
  return try world.init(options: options)
}

extension World {
  public static var format: String { VOCSource.format }

  /// Writes all splits in PASCAL VOC layout (`VOCSource`), as PNG: reading gives the same samples.
  public func write(to path: String) throws {
    try VOCWriter.write(splits.map { try source(split: $0) }, to: path)
  }
}
