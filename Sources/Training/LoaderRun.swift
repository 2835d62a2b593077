import Collectives
import Data

/// Takes a job's batches as its training would, and trains on none of them.
package final class LoaderRun {
  package let stepsPerEpoch: Int
  package let epochCount: Int
  private let feed: BatchFeed
  private var step = 0

  /// Begins to read the first stage's batches ahead.
  ///
  /// Throws: `JobError`, `DataError`.
  package init(_ job: Job, catalog: Catalog, data: RecipeData) throws {
    let recipe = try catalog.recipe(named: job.recipe)
    let model = try StageModel(
      recipe.stages(job)[0], of: recipe, job: job, data: data, firstStep: 0)
    let source = try data.source("train")
    stepsPerEpoch = model.stepsPerEpoch
    epochCount = model.steps / model.stepsPerEpoch
    feed = BatchFeed(model, source: source, job: job, hosted: 0..<job.replicas, from: 0)
  }

  /// Waits for the next step's batches and drops them; the number of slots in them.
  ///
  /// Throws: `DataError` for a sample that cannot be read.
  package func takeStep() throws -> Int {
    defer { step += 1 }
    return try feed.batches(of: step, Activity()).items.reduce(0) { $0 + $1.slots.count }
  }

  /// Ends the loader threads.
  package func stop() { feed.stop() }
}
