import Data

/// A training job: everything that determines its result, and where to put it.
///
/// Read from a job file by `init(_:catalog:)`; every key has a default but `recipe` and `data`.
/// The same job gives the same weights on any cluster of one arithmetic fingerprint.
public struct Job: Sendable, Equatable {
  public enum Length: Sendable, Equatable {
    case epochs(Int)
    case steps(Int)
  }

  public struct CheckpointSettings: Sendable, Equatable {
    /// Steps between checkpoints; 0 writes one at the end only.
    public var everySteps = 0
    /// How many of the newest are kept, besides the best.
    public var keep = 3
  }

  public struct ValidationSettings: Sendable, Equatable {
    /// Steps between validations; 0 validates only at the end.
    public var everySteps = 0
    /// The split that is scored.
    public var split = "val"
    /// The score that decides which checkpoint is best; the recipe's first by default.
    public var best: String?
  }

  public var recipe: String
  /// As written: a world or a path, with options; `Data` reads it.
  public var data: JobValue
  /// Global, in the recipe's unit.
  public var batch: Int
  /// Logical replicas: they fix the result, not the speed.
  public var replicas: Int
  public var length: Length
  public var seed: UInt64
  public var options: [String: JobValue]
  public var optimizer: OptimizerSettings
  public var schedule: ScheduleSettings
  public var checkpoint = CheckpointSettings()
  public var validation = ValidationSettings()
  public var onBadSample = BadSamplePolicy.fail
  /// Samples of one evaluation batch of one replica; fixed, so that scores do not depend on hosting.
  public var evaluationBatch = 16
  /// Decay of the exponential moving average of the parameters; 0 keeps none.
  public var average = 0.0
  /// Whether every commit is hashed, compared among the workers and recorded. Only to measure what
  /// that costs is there a reason to turn it off.
  public var hasDigests = true
  /// Whether the samples that each committed step was made of are recorded.
  public var isAudited = false
  /// The most workers this job takes; 0 for as many as there are replicas.
  public var workersMax = 0
  /// Whether replicas move off slow workers while the job runs; changes no result.
  public var rebalances = false
  private static let auditedBatchMax = 16_384
  /// Weights to begin from, a safetensors file.
  public var initialWeights: String?
  /// Folder for results; the coordinator's store by default.
  public var output: String?
  /// The file's content after `base` and `--set`: what is stored, sent and read again.
  public let value: JobValue

  /// `catalog`: The recipes that this program knows.
  public init(_ value: JobValue, catalog: Catalog) throws(JobError) {
    self.value = value
    var reader = try JobReader(value, path: "")
    guard let name = try reader.text("recipe") else {
      throw reader.missing("recipe", "known recipes: \(catalog.names.joined(separator: ", "))")
    }
    let recipe = try catalog.recipe(named: name)
    let defaults = recipe.defaults
    self.recipe = name
    guard let data = reader.value("data") else {
      throw reader.missing(
        "data",
        "give a world, { world: scenes, size: 2000 }, or a path, { path: DIR, format: voc }")
    }
    guard case .map = data else {
      throw JobError(
        "data", "found \(data.shown), expected a map, like { world: scenes, size: 2000 }")
    }
    self.data = data
    batch = try reader.integer("batch", in: 1...1_048_576) ?? defaults.batch
    replicas = try reader.integer("replicas", in: 1...1024) ?? min(8, batch)
    let epochs = try reader.integer("epochs", in: 1...1_000_000)
    let steps = try reader.integer("steps", in: 1...1_000_000_000)
    switch (epochs, steps) {
    case (.some, .some): throw JobError("steps", "given together with epochs; give one of them")
    case (nil, let steps?): length = .steps(steps)
    case (let epochs?, nil): length = .epochs(epochs)
    case (nil, nil): length = .epochs(defaults.epochs)
    }
    seed = UInt64(try reader.integer("seed", in: 0...(.max)) ?? 0)
    switch reader.value("options") {
    case nil: options = [:]
    case .map(let map): options = map
    case .some(let other): throw JobError("options", "found \(other.shown), expected a map")
    }
    optimizer = try OptimizerSettings(reader.value("optimizer"), default: defaults.optimizer)
    schedule = try ScheduleSettings(reader.value("schedule"), default: defaults.schedule)
    checkpoint = try CheckpointSettings(reader.value("checkpoint"))
    validation = try ValidationSettings(reader.value("validate"))
    if let name = try reader.choice("onBadSample", of: BadSamplePolicy.allCases.map(\.rawValue)) {
      onBadSample = BadSamplePolicy(rawValue: name) ?? .fail
    }
    evaluationBatch = try reader.integer("evaluationBatch", in: 1...4096) ?? evaluationBatch
    average = try reader.number("average", in: 0...0.999999) ?? 0
    hasDigests = try reader.bool("digest") ?? true
    isAudited = try reader.bool("audit") ?? false
    guard !isAudited || batch <= Self.auditedBatchMax else {
      throw JobError(
        "audit", "found true with a batch of \(batch); at most \(Self.auditedBatchMax) are recorded"
      )
    }
    workersMax = try reader.integer("workers", in: 0...1024) ?? 0
    rebalances = try reader.bool("rebalance") ?? false
    initialWeights = try reader.text("init")
    output = try reader.text("output")
    try reader.finish()
    try recipe.check(self)
  }
}

extension Job.CheckpointSettings {
  init(_ value: JobValue?) throws(JobError) {
    var reader = try JobReader(value, path: "checkpoint")
    everySteps = try reader.integer("everySteps", in: 0...(.max)) ?? everySteps
    keep = try reader.integer("keep", in: 1...10_000) ?? keep
    try reader.finish()
  }
}

extension Job.ValidationSettings {
  init(_ value: JobValue?) throws(JobError) {
    var reader = try JobReader(value, path: "validate")
    everySteps = try reader.integer("everySteps", in: 0...(.max)) ?? everySteps
    split = try reader.text("split") ?? split
    best = try reader.text("best")
    try reader.finish()
  }
}
