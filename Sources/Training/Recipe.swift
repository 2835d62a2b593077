import Data
import Layers
import Tensors
import Worlds

/// A published system as a training recipe: what its model is, what one replica does in one step,
/// how it is scored and how it predicts.
///
/// A recipe is written as if one replica were the whole program; it never sees a worker. It is an
/// immutable value, one per worker; `step` and `evaluate` run on its replicas' threads at once, and
/// what changes is in `Parameter` and `State` handles.
public protocol Recipe: Sendable {
  associatedtype Options: RecipeOptions
  /// What one replica's share of a step needs: decoded, augmented, stacked.
  associatedtype Batch: Sendable

  /// As in `recipe: NAME`.
  static var name: String { get }
  /// One sentence for `martlet recipes`, naming the paper.
  static var summary: String { get }
  static var defaults: JobDefaults { get }
  /// The experiments that show what the paper claims; nil for a recipe that claims nothing.
  static var proof: Proof? { get }

  /// The stages of a training, in order; one by default.
  static func stages(_ options: Options) -> [Stage]

  /// Builds the model of a stage: declares its parameters and state in `scope`.
  init(_ options: Options, stage: Stage, data: RecipeData, in scope: inout Scope) throws

  /// What a later stage takes over from the one before; everything of the same name by default.
  func begin(_ beginning: StageBeginning) throws

  /// The parameters that the optimiser may change.
  var parameters: [Parameter] { get }

  /// Which samples each step uses.
  func plan(batch: Int, data: RecipeData) throws -> any BatchPlan

  /// One replica's batch. Runs on loader threads, ahead of need; keyed by slot.
  ///
  /// `key`: Of this step; derive by purpose and slot index.
  func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch

  /// One step of one replica; straight-line code that ends in `context.minimize`.
  func step(_ batch: Batch, _ context: StepContext) throws

  /// Scores the model on a split; every replica calls the same collectives and returns the same.
  func evaluate(_ source: any SampleSource, _ context: PassContext) throws -> [Score]

  /// Predictions for some samples; in one process, without other replicas.
  func predict(_ source: any SampleSource, _ context: PredictContext) throws -> [Prediction]

  /// A picture of some samples, their truth and what the model makes of them: [h, w, 3].
  func contactSheet(_ source: any SampleSource, _ context: PredictContext) throws -> ByteTensor

  /// What of a job is beyond the options' ranges, such as a batch that is too small.
  static func check(_ job: Job, options: Options) throws(JobError)
}

extension Recipe {
  public static var proof: Proof? { nil }

  public static func stages(_ options: Options) -> [Stage] { [Stage("train")] }

  public func begin(_ beginning: StageBeginning) throws { beginning.carry() }

  public func plan(batch: Int, data: RecipeData) throws -> any BatchPlan {
    let source = try data.source("train")
    return PermutationPlan(count: source.count, batch: batch, blocks: source.blocks)
  }

  public static func check(_ job: Job, options: Options) throws(JobError) {}
}

/// What a recipe proposes for the keys of a job that are not given.
public struct JobDefaults: Sendable {
  public var batch: Int
  public var epochs: Int
  public var optimizer: OptimizerSettings
  public var schedule: ScheduleSettings

  public init(
    batch: Int, epochs: Int, optimizer: OptimizerSettings, schedule: ScheduleSettings
  ) {
    self.batch = batch
    self.epochs = epochs
    self.optimizer = optimizer
    self.schedule = schedule
  }
}

/// A number that says how good a model is.
public struct Score: Sendable, Equatable, Codable {
  public let name: String
  public let value: Double
  /// How it is printed: "%" after multiplication by 100.
  public let isFraction: Bool

  public init(_ name: String, _ value: Double, isFraction: Bool = true) {
    self.name = name
    self.value = value
    self.isFraction = isFraction
  }
}

/// One sample's prediction, for a table or JSON, and what `predict` writes beside it.
public struct Prediction: Sendable {
  public let sample: String
  /// In the order they are shown.
  public let fields: [(name: String, value: String)]
  /// A file of its own, such as a mask as palette PNG: name and bytes.
  public let file: (name: String, bytes: [UInt8])?

  public init(
    sample: String, fields: [(name: String, value: String)],
    file: (name: String, bytes: [UInt8])? = nil
  ) {
    self.sample = sample
    self.fields = fields
    self.file = file
  }
}
