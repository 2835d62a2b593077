/// A data set's split that can be read at any index, from several threads at once.
///
/// Opening checks lists and file names; a sample's content is checked when it is read.
public protocol SampleSource: Sendable {
  var count: Int { get }
  /// Of mask values, in order; empty when there are no masks.
  var classNames: [String] { get }
  /// Of `Sample.label`, in order; empty when samples have no label.
  var labelNames: [String] { get }
  /// The split this source reads.
  var split: String { get }
  /// All splits the data set has.
  var splits: [String] { get }

  /// Throws: `DataError` naming the file that is missing, damaged or inconsistent.
  func sample(at index: Int) throws -> Sample

  /// The sample's label, without reading more than it takes to know it; nil if it has none.
  ///
  /// Throws: what `sample(at:)` throws, where it has to be read.
  func label(at index: Int) throws -> Int?

  /// What a message calls the sample: its file, without reading it.
  func name(at index: Int) -> String

  /// What identifies the data: its files in order with their sizes, or the world's options.
  func manifest() throws -> DataManifest

  /// Which samples lie together; nil where any order is read as fast as another.
  var blocks: SampleBlocks? { get }

  /// Says which samples will be read soon, in this order.
  func expect(_ samples: [Int])
}

extension SampleSource {
  public func label(at index: Int) throws -> Int? { try sample(at: index).label }
  public var blocks: SampleBlocks? { nil }
  public func expect(_ samples: [Int]) {}
}
