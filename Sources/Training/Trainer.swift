import Collectives
import Data
import Layers
import Losses
import Tensors

/// A job's training on one worker: builds the model, runs steps and passes on the hosted replicas,
/// and keeps what is committed. The cluster decides who hosts what; the numbers are made here.
///
/// Used by one thread; the replica threads inside are its own.
package final class Trainer {
  package let job: Job
  package let data: RecipeData
  package internal(set) var progress = Progress()
  /// Called between a commit and its digest, with the step that was committed: tests spoil the state
  /// here as a faulty memory would.
  package var beforeDigest: ((Trainer) -> Void)?
  /// How the initial weights fitted, if the job names some.
  package private(set) var loadReport: LoadReport?
  /// Of all stages.
  package let totalSteps: Int

  /// By stage; those that are over are gone.
  private var models: [StageModel?]
  private(set) var current: StageModel
  private var feed: BatchFeed?

  package var program: any Program { current.program }
  package var arena: Arena { current.arena }
  package var optimizer: Optimizer { current.optimizer }
  package var stepsPerEpoch: Int { current.stepsPerEpoch }
  var average: ParameterAverage? { current.average }

  /// Builds the first stage's model in its initial state.
  ///
  /// `data`: The job's data, if it is not for this process to open.
  ///
  /// Throws: `JobError`, `DataError`, `SafetensorsError`.
  package init(_ job: Job, catalog: Catalog, data: RecipeData? = nil) throws {
    self.job = job
    let data = try data ?? RecipeData(job: job)
    self.data = data
    let recipe = try catalog.recipe(named: job.recipe)
    var models: [StageModel] = []
    for stage in try recipe.stages(job) {
      models.append(
        try StageModel(
          stage, of: recipe, job: job, data: data, firstStep: models.last?.endStep ?? 0))
    }
    self.models = models
    current = models[0]
    totalSteps = models.last?.endStep ?? 0
    if job.value[path: "validate.split"] != nil { _ = try data.source(job.validation.split) }
    current.seal(job)
    if let path = job.initialWeights { loadReport = try loadWeights(path) }
    average?.reset()
  }

  /// Commits the beginning of the next stage.
  ///
  /// Throws: what the recipe's `begin` throws.
  package func beginStage() throws {
    let old = current
    try enter(stage: progress.stage + 1)
    try current.program.begin(StageBeginning(old: old, new: current))
    average?.reset()
    progress.stage += 1
    progress.passes += 1
    chainDigest()
  }

  /// Puts a stage's model in place, in its initial state.
  ///
  /// Throws: `JobError` if the job has no such stage, or is beyond it.
  package func enter(stage: Int) throws {
    guard stage != current.stage.index else { return }
    guard models.indices.contains(stage), let model = models[stage] else {
      throw JobError(
        "recipe",
        "stage \(stage) was asked for; this job has \(models.count) and is in "
          + "\(current.stage.index)")
    }
    stop()
    model.seal(job)
    models[current.stage.index] = nil
    current = model
  }

  /// What comes next; a pure function of the job and `progress`.
  package var next: Work {
    // A stage that has just begun has nothing new to score.
    let passes = progress.step > current.firstStep ? passesDue(after: progress.step) : []
    if progress.passes < passes.count { return passes[progress.passes] }
    if progress.step < current.endStep { return .step(progress.step) }
    return current.stage.index + 1 < models.count ? .beginStage : .finished
  }

  private func passesDue(after step: Int) -> [Work] {
    let isLast = step == current.endStep
    let every = job.validation.everySteps
    guard isLast || (every > 0 && step % every == 0) else { return [] }
    let splits = (try? data.source("train").splits) ?? []
    var passes: [Work] = []
    if splits.contains(job.validation.split) {
      passes.append(.pass(split: job.validation.split, decidesBest: true))
    }
    if isLast {
      for split in splits where split != "train" && split != job.validation.split {
        passes.append(.pass(split: split, decidesBest: false))
      }
    }
    return passes
  }

  /// Begins to read ahead for these replicas from the current step on.
  ///
  /// Throws: `JobError` if the job is shorter than what is done already.
  package func prepare(hosted: Range<Int>) throws {
    guard progress.step <= totalSteps else {
      throw JobError(
        "steps",
        "the training is at step \(progress.step) already, beyond the job's \(totalSteps); give "
          + "more epochs or steps, or an older checkpoint")
    }
    beginDigests()
    feed?.stop()
    feed = BatchFeed(
      current, source: try data.source("train"), job: job, hosted: hosted,
      from: progress.step - current.firstStep)
  }

  /// Ends the threads that read ahead.
  package func stop() {
    feed?.stop()
    feed = nil
  }

  /// Runs and commits one step.
  ///
  /// Throws: `ExchangeError` (state as before the step; run it again), `TrainingError.notFinite`,
  /// `DataError` and what the recipe throws.
  package func runStep(_ group: ReplicaGroup) throws -> StepReport {
    guard let feed else { preconditionFailure("Trainer: runStep before prepare") }
    let step = progress.step - current.firstStep
    // A batch that cannot be read fails inside the step, so that the other workers hear of it.
    let activity = group.activity
    activity.enter(.input)
    let batches = Result { try feed.batches(of: step, activity) }
    activity.enter(progress.step == current.firstStep ? .starting : .compute)
    let transaction = StepTransaction(optimizer, step: step)
    let stage = current.stage.index
    let key = RandomKey(seed: job.seed).derived("step").derived(stage).derived(step)
    let (program, steps, epoch) = (program, current.steps, step / stepsPerEpoch)
    let isAudited = job.isAudited
    let started = MonotonicClock.seconds
    let (busyBefore, heldBefore) = (group.permits.busySeconds, group.permits.heldSeconds)
    let results = group.run(serial: progress.serial + 1, state: stamp) { exchange in
      let thread = ReplicaThread()
      let batch = try batches.get().items[exchange.replica - group.hosted.lowerBound]
      let context = StepContext(
        pass: Forward(isTraining: true, exchange: exchange, key: key, slots: batch.slots),
        step: step, totalSteps: steps, stage: stage, epoch: epoch, transaction: transaction
      ) { group.permits.yieldPermit() }
      thread.updatedValue = { [unowned context] in context.updatedValue($0) }
      return try thread.run {
        try withTape { try program.step(batch, context) }
        let delivered =
          isAudited ? try exchange.gatherValues(IntTensor(batch.delivered.map(Int32.init))) : nil
        return ReplicaOutcome(
          report: try reduceReports(context, batch), writes: thread.staged,
          delivered: delivered?.rows.elements.map { Int($0) })
      }
    }
    let (report, delivered): (ReducedReport, [Int]?)
    do {
      let outcomes = try firstCause(results)
      (report, delivered) = (outcomes[0].report, outcomes[0].delivered)
      try transaction.commit(outcomes[0].writes, losses: report.losses)
    } catch {
      if case .success(let batches) = batches { feed.giveBack(batches) }
      throw naming(error, step: progress.step)
    }
    average?.update()
    progress.step += 1
    progress.passes = 0
    progress.skippedSamples += report.skipped
    chainDigest()
    let read = try batches.get()
    return StepReport(
      step: progress.step - 1, epoch: epoch, numbers: report.losses + report.others,
      samples: report.samples,
      learningRate: optimizer.learningRate(at: step), skipped: read.items.flatMap(\.skipped),
      totalSkipped: progress.skippedSamples, digest: digest,
      delivery: delivered.map {
        DeliveryTable.Row(
          step: progress.step, stage: stage, epoch: epoch, count: feed.sampleCount, samples: $0)
      },
      seconds: StepSeconds(
        input: read.waited, compute: group.permits.busySeconds - busyBefore,
        running: MonotonicClock.seconds - started,
        computePerReplica: (group.permits.heldSeconds - heldBefore) / Double(group.hosted.count)))
  }

  /// Runs and commits one pass: the scores of `split`, the same on every worker.
  package func runPass(
    split: String, decidesBest: Bool, _ group: ReplicaGroup
  ) throws -> PassReport {
    let activity = group.activity
    activity.enter(.evaluating)
    let source = WatchedSource(base: try data.source(split), activity: activity)
    let key = RandomKey(seed: job.seed).derived("pass").derived(progress.step)
    let (program, batch, values) = (program, job.evaluationBatch, average?.values ?? [])
    // Passes and steps use other shapes; blocks of both at once would double the memory.
    MemoryPool.shared.trim()
    defer { MemoryPool.shared.trim() }
    let results = group.run(serial: progress.serial + 1, state: stamp) { exchange in
      try ReplicaThread().run {
        try withValues(values) {
          let context = PassContext(
            exchange: exchange, key: key, batch: batch, activity: activity)
          source.expect(context.batches(source.count).flatMap(Array.init))
          return try program.evaluate(source, context)
        }
      }
    }
    let scores = try firstCause(results)[0]
    let deciding = decidesBest ? try decidingScore(of: scores) : nil
    let isBest = deciding.map { $0.value > progress.best?.value ?? -.infinity } ?? false
    if isBest, let deciding {
      progress.best = Progress.Best(
        name: deciding.name, value: deciding.value, step: progress.step)
    }
    progress.scores.removeAll { $0.split == split }
    progress.scores.append(
      Progress.SplitScores(split: split, step: progress.step, scores: scores))
    progress.passes += 1
    chainDigest()
    return PassReport(
      split: split, step: progress.step, number: progress.passes, scores: scores, isBest: isBest,
      digest: digest)
  }

  /// The score named by `validate.best`, or the recipe's first.
  private func decidingScore(of scores: [Score]) throws(JobError) -> Score? {
    guard let name = job.validation.best else { return scores.first }
    guard let score = scores.first(where: { $0.name == name }) else {
      throw JobError("validate.best", JobReader.unknown(name, among: scores.map(\.name)))
    }
    return score
  }
}

/// What a step says to people.
package struct StepReport: Sendable {
  package let step: Int
  package let epoch: Int
  /// Loss first, then what the recipe reported.
  package let numbers: [NamedValue]
  package let samples: Int
  package let learningRate: Double
  /// Samples of this worker left out, with the reason.
  package let skipped: [SkippedSample]
  /// Samples of all workers left out since the training began.
  package let totalSkipped: Int
  /// Of the state that the step committed; empty with `digest: false`.
  package let digest: String
  /// With `audit: true`.
  package let delivery: DeliveryTable.Row?
  package let seconds: StepSeconds

  /// What goes into scalar files.
  package var scalars: [NamedValue] { numbers + [NamedValue("learningRate", learningRate)] }
}

/// Where the time of a step went on one worker.
package struct StepSeconds: Sendable {
  /// Waiting for batches.
  package let input: Double
  /// At least one replica computed.
  package let compute: Double
  /// From the first replica's start to the commit.
  package let running: Double
  /// Of one hosted replica, without its waits for the others.
  package let computePerReplica: Double

  /// All replicas waited for others.
  package var exchange: Double { max(0, running - compute) }
  package var total: Double { input + running }
}

package struct PassReport: Sendable {
  package let split: String
  package let step: Int
  /// 1 for the first pass after that step.
  package let number: Int
  package let scores: [Score]
  package let isBest: Bool
  package let digest: String
}

package struct NamedValue: Sendable, Equatable {
  package let name: String
  package let value: Double

  package init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

private struct ReplicaOutcome: Sendable {
  let report: ReducedReport
  let writes: [Int: Tensor]
  /// What all replicas read for the step, in slot order.
  let delivered: [Int]?
}

/// What the replicas of all workers reported together.
private struct ReducedReport: Sendable {
  /// What was minimised, in order of first mention.
  let losses: [NamedValue]
  let others: [NamedValue]
  let samples: Int
  let skipped: Int
}

private func reduceReports(
  _ context: StepContext, _ batch: LoadedBatch
) throws -> ReducedReport {
  let reported = context.reported
  let sums = try context.exchange.sum(
    reported.flatMap { [$0.sum, $0.count] }
      + [Double(batch.slots.count), Double(batch.skipped.count)])
  let numbers = reported.enumerated().map { index, report in
    (
      report.isLoss,
      NamedValue(report.name, sums[2 * index] / max(1, sums[2 * index + 1]))
    )
  }
  return ReducedReport(
    losses: numbers.filter(\.0).map(\.1), others: numbers.filter { !$0.0 }.map(\.1),
    samples: Int(sums[sums.count - 2]), skipped: Int(sums[sums.count - 1]))
}

/// A loss that met a NaN among its inputs does not know the step.
private func naming(_ error: any Error, step: Int) -> any Error {
  guard case .notFinite(let loss, let input, let row)? = error as? LossError else { return error }
  return TrainingError.notFinite(
    step: step, what: "input '\(input)' of \(loss) at row \(row)", value: .nan)
}

/// The results, or the error that made the others fail rather than one that followed from it.
func firstCause<R>(_ results: [Result<R, any Error>]) throws -> [R] {
  var consequence: (any Error)?
  for case .failure(let error) in results {
    guard let exchange = error as? ExchangeError else { throw error }
    if case .mismatch = exchange { throw exchange }
    consequence = consequence ?? exchange
  }
  if let consequence { throw consequence }
  return try results.map { try $0.get() }
}
