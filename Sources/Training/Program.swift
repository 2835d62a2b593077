import Data
import Layers
import Tensors

/// A recipe built for a job, with its associated types hidden.
package protocol Program: Sendable {
  var parameters: [Parameter] { get }
  func plan() throws -> any BatchPlan
  func begin(_ beginning: StageBeginning) throws
  /// Reads and prepares one replica's share of a step.
  func load(_ slots: [Slot], key: RandomKey, source: any SampleSource) throws -> LoadedBatch
  func step(_ batch: LoadedBatch, _ context: StepContext) throws
  func evaluate(_ source: any SampleSource, _ context: PassContext) throws -> [Score]
  func predict(_ source: any SampleSource, _ context: PredictContext) throws -> [Prediction]
  func contactSheet(_ source: any SampleSource, _ context: PredictContext) throws -> ByteTensor
}

/// One replica's batch and what was left out of it.
package struct LoadedBatch: Sendable {
  /// The recipe's `Batch`.
  package let content: any Sendable
  /// Indices of the slots that are in it.
  package let slots: [Int]
  /// Samples that could not be read, under `onBadSample: skip`.
  package let skipped: [SkippedSample]
  /// Samples that were read for it, in order; recorded with `audit: true` alone.
  package internal(set) var delivered: [Int] = []
}

struct RecipeProgram<R: Recipe>: Program {
  let recipe: R
  let job: Job
  let data: RecipeData

  init(_ recipe: R, job: Job, data: RecipeData) {
    self.recipe = recipe
    self.job = job
    self.data = data
  }

  var parameters: [Parameter] { recipe.parameters }

  func plan() throws -> any BatchPlan { try recipe.plan(batch: job.batch, data: data) }

  func begin(_ beginning: StageBeginning) throws { try recipe.begin(beginning) }

  func load(_ slots: [Slot], key: RandomKey, source: any SampleSource) throws -> LoadedBatch {
    func content(_ samples: [LoadedSlot]) throws -> R.Batch {
      try recipe.load(samples, key: key, data: data)
    }
    var read = try source.load(slots, onBadSample: job.onBadSample)
    let batch: R.Batch
    do { batch = try content(read.loaded) } catch is DataError where job.onBadSample == .skip {
      // Whose view it was shows when each is made alone.
      read = try read.skipping { _ = try content([$0]) }
      batch = try content(read.loaded)
    }
    return LoadedBatch(
      content: batch, slots: read.loaded.map(\.slot.index), skipped: read.skipped)
  }

  func step(_ batch: LoadedBatch, _ context: StepContext) throws {
    guard let content = batch.content as? R.Batch else {
      preconditionFailure("Program: a batch of another recipe")
    }
    try recipe.step(content, context)
  }

  func evaluate(_ source: any SampleSource, _ context: PassContext) throws -> [Score] {
    try recipe.evaluate(source, context)
  }

  func predict(_ source: any SampleSource, _ context: PredictContext) throws -> [Prediction] {
    try recipe.predict(source, context)
  }

  func contactSheet(_ source: any SampleSource, _ context: PredictContext) throws -> ByteTensor {
    try recipe.contactSheet(source, context)
  }
}
