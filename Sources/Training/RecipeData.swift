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

extension RecipeData {
  /// The data of a job's `data:` block, read by this process itself.
  ///
  /// Throws: `JobError` for a block of the wrong kind, `DataError` for what it says.
  package convenience init(job: Job) throws {
    let specification = try DataSpecification(job.data)
    self.init { try specification.open(split: $0) }
  }
}

extension DataSpecification {
  /// A job's `data:` block.
  ///
  /// Throws: `JobError` for a block of the wrong kind, `DataError` for what it says.
  package init(_ data: JobValue) throws {
    guard case .map(let map) = data else { throw JobError("data", "expected a map") }
    var fields: [String: OptionValue] = [:]
    for (key, value) in map {
      switch value {
      case .bool(let flag): fields[key] = .flag(flag)
      case .integer(let number): fields[key] = .integer(number)
      case .number(let number): fields[key] = .number(number)
      case .text(let text): fields[key] = .text(text)
      case .null, .list, .map:
        throw JobError("data.\(key)", "found \(value.shown), expected a number, text or flag")
      }
    }
    try self.init(fields: fields)
  }
}
