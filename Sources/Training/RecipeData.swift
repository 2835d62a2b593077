import Data
import Synchronization
import Worlds

/// A job's data by split, opened once; samples that were read stay in memory up to a bound.
public final class RecipeData: Sendable {
  package let memory: SampleMemory
  private let open: @Sendable (String) throws -> any SampleSource
  private let sources = Mutex<[String: any SampleSource]>([:])

  /// 512 MiB.
  package static let memoryBytes = 512 << 20

  public convenience init(_ open: @escaping @Sendable (String) throws -> any SampleSource) {
    self.init(memory: SampleMemory(bytesMax: Self.memoryBytes), open)
  }

  package init(
    memory: SampleMemory, _ open: @escaping @Sendable (String) throws -> any SampleSource
  ) {
    self.memory = memory
    self.open = open
  }

  /// "train", "val", "test" or another split of the data's own.
  public func source(_ split: String) throws -> any SampleSource {
    try sources.withLock { sources in
      if let source = sources[split] { return source }
      let source = memory.keeping(try open(split))
      sources[split] = source
      return source
    }
  }
}

extension RecipeData {
  /// The data of a job's `data:` block, read by this process itself.
  ///
  /// `memoryBytes`: For decoded samples.
  ///
  /// Throws: `JobError` for a block of the wrong kind, `DataError` for what it says.
  package convenience init(job: Job, memoryBytes: Int = RecipeData.memoryBytes) throws {
    let specification = try DataSpecification(job.data)
    self.init(memory: SampleMemory(bytesMax: memoryBytes)) {
      try specification.open(split: $0)
    }
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
