import Data
import Synchronization
import Worlds

/// A job's data by split, opened once.
public final class RecipeData: Sendable {
  private let open: @Sendable (String) throws -> any SampleSource
  private let sources = Mutex<[String: any SampleSource]>([:])

  public init(_ open: @escaping @Sendable (String) throws -> any SampleSource) { self.open = open }

  /// "train", "val", "test" or another split of the data's own.
  public func source(_ split: String) throws -> any SampleSource {
    try sources.withLock { sources in
      if let source = sources[split] { return source }
      let source = try open(split)
      sources[split] = source
      return source
    }
  }
}
