import Data
import Layers
import Tensors

/// One part of a training with a model of its own: pre-training, a round of self-training, one of
/// several tasks that arrive one after another.
public struct Stage: Sendable, Equatable {
  public let name: String
  /// Its length; the job's where nil.
  public let epochs: Int?
  /// Place among the recipe's stages, from 0.
  public internal(set) var index = 0

  public init(_ name: String, epochs: Int? = nil) {
    self.name = name
    self.epochs = epochs
  }
}

/// The moment between two stages: the old model with its last values, and the new one with its
/// initial ones.
///
/// The same on every worker, since it depends on committed state alone.
public struct StageBeginning {
  let old: StageModel
  let new: StageModel

  /// The old model's value of an entry; nil if it had none of that name.
  public func oldValue(named name: String) -> Tensor? {
    // A copy: the old arena goes when the new stage begins.
    old.arena.index(named: name).map { old.arena.value(at: $0) + 0 }
  }

  /// Takes over every parameter and state of the same name.
  ///
  /// One that has grown along a single axis, such as a classifier with new classes, takes the old
  /// values first and keeps its initial ones behind them. Optimiser moments begin anew unless kept.
  public func carry(keepingMoments: Bool = false) {
    for (index, entry) in new.arena.entries.enumerated() where entry.isOfModel {
      guard let source = old.arena.index(named: entry.name) else { continue }
      let (before, after) = (old.arena.value(at: source), new.arena.value(at: index))
      if let value = grown(before, into: after) { new.arena.write(value, at: index) }
    }
    if keepingMoments { new.optimizer.adoptMoments(of: old.optimizer) }
  }

  /// Replaces the initial value of one of the new model's entries.
  ///
  /// Precondition: the new model has the entry, in this shape.
  public func write(_ value: Tensor, named name: String) {
    guard let index = new.arena.index(named: name) else {
      preconditionFailure("StageBeginning: the new stage's model has no \(name)")
    }
    new.arena.write(value, at: index)
  }

  private func grown(_ before: Tensor, into after: Tensor) -> Tensor? {
    if before.shape == after.shape { return before }
    guard before.rank == after.rank else { return nil }
    let axes = before.shape.indices.filter { before.shape[$0] != after.shape[$0] }
    guard axes.count == 1, before.shape[axes[0]] < after.shape[axes[0]] else { return nil }
    let (axis, count) = (axes[0], before.shape[axes[0]])
    return concatenated(
      [before, after.sliced(axis: axis, count..<after.shape[axis])], axis: axis)
  }
}

/// The model of one stage and what trains it; memory only while the stage runs.
package struct StageModel {
  let stage: Stage
  let program: any Program
  let arena: Arena
  let optimizer: Optimizer
  let average: ParameterAverage?
  let blocks: BlockHashes
  let plan: any BatchPlan
  /// Steps of earlier stages.
  let firstStep: Int
  let steps: Int

  var endStep: Int { firstStep + steps }
  var stepsPerEpoch: Int { plan.stepsPerEpoch }

  /// Declares the model; `seal` gives it memory.
  ///
  /// Throws: `JobError`, `DataError`.
  init(_ stage: Stage, of recipe: RecipeEntry, job: Job, data: RecipeData, firstStep: Int) throws {
    self.stage = stage
    self.firstStep = firstStep
    arena = Arena()
    blocks = BlockHashes(arena)
    program = try recipe.build(job, stage: stage, data: data, in: arena)
    plan = try program.plan()
    guard plan.stepsPerEpoch > 0 else {
      throw JobError("data", "the training split has no samples")
    }
    switch (stage.epochs, job.length) {
    case (let epochs?, _), (nil, .epochs(let epochs)): steps = epochs * plan.stepsPerEpoch
    case (nil, .steps(let count)): steps = count
    }
    average =
      job.average > 0
      ? ParameterAverage(of: program.parameters, decay: Float(job.average), in: arena) : nil
    try job.optimizer.checkGroups(names: program.parameters.map(\.name))
    optimizer = Optimizer(
      arena, job.optimizer, job.schedule, parameters: program.parameters, totalSteps: steps,
      stepsPerEpoch: plan.stepsPerEpoch)
  }

  /// Allocates and writes the initial values.
  func seal(_ job: Job) {
    let key = RandomKey(seed: job.seed)
    withDenormalsFlushed {
      arena.seal(
        moments: job.optimizer.moments,
        key: stage.index == 0 ? key : key.derived("stage").derived(stage.index))
    }
  }
}
