import Data
import Layers
import Tensors
import Training

/// Contrast your neighbours (Zheng et al. 2023): supervised image classification in which a sample is
/// contrasted with its nearest neighbours in a queue besides being drawn to its class's centre, and
/// predicts what its neighbours predict.
///
/// The queue is filled by a key encoder, a moving average of the network that is trained. Neither is
/// there when the classifier is used. See README.md.
package struct CoNe: Recipe {
  package static let name = "cone"
  package static let summary =
    "image classification that contrasts a sample with its neighbours in a queue and wants them to "
    + "agree (CoNe, Zheng et al. 2023)"
  package static let defaults: JobDefaults = {
    var optimizer = OptimizerSettings(.sgd, learningRate: 0.4, weightDecay: 1e-4)
    optimizer.decay = .all
    var schedule = ScheduleSettings(.cosine)
    (schedule.warmup, schedule.isPerEpoch, schedule.floor) = (.epochs(5), true, 0.001)
    return JobDefaults(batch: 1024, epochs: 100, optimizer: optimizer, schedule: schedule)
  }()

  let options: CoNeOptions
  /// C.
  let classes: Int
  let network: CoNeNetwork
  let keyEncoder: ParameterCopy
  let queue: NeighborQueue
  let views: CoNeViews
  let data: RecipeData
  package let parameters: [Parameter]

  package init(_ options: CoNeOptions, stage: Stage, data: RecipeData, in scope: inout Scope)
    throws
  {
    self.options = options
    self.data = data
    classes = try Self.classes(options, data)
    network = CoNeNetwork(options, classes: classes, in: &scope["encoder_q"])
    parameters = scope.parameters
    keyEncoder = ParameterCopy(of: scope["encoder_q"], in: &scope["encoder_k"])
    queue = NeighborQueue(
      length: options.queue, dimension: network.dimension, classes: classes, in: &scope)
    views = CoNeViews(options)
  }

  /// Images of a replica's share of the step.
  package struct Batch: Sendable {
    let images: Tensor  // [B, side, side, 3]
    let labels: IntTensor  // [B]
  }

  /// Every sample once an epoch; a last batch that would be short is left out.
  package func plan(batch: Int, data: RecipeData) throws -> any BatchPlan {
    let source = try data.source("train")
    let plan = PermutationPlan(
      count: source.count, batch: batch, dropLast: true, blocks: source.blocks)
    let samples = plan.stepsPerEpoch * batch
    // Before, places would hold what no encoder made.
    guard !options.usesQueue || options.queue <= samples * options.startEpoch else {
      throw JobError(
        "options.queue",
        "found \(options.queue), but the \(options.startEpoch) epochs before startEpoch have "
          + "\(samples) samples each in whole batches; expected \(samples * options.startEpoch) or "
          + "less, or a later startEpoch")
    }
    return plan
  }

  package func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    let images = try samples.map { item in
      try views.training(item.sample, key: key.derived("augment").derived(item.slot.index))
    }
    return Batch(
      images: views.batch(images),
      labels: IntTensor(try samples.map { Int32(try label(of: $0.sample)) }))
  }

  /// Throws: `DataError` for a sample without a label, or whose label is none of the classes.
  func label(of sample: Sample) throws -> Int {
    guard let label = sample.label else {
      throw DataError(file: sample.id, problem: "has no label", advice: "cone needs one")
    }
    guard (0..<classes).contains(label) else {
      throw DataError(
        file: sample.id, problem: "has label \(label), expected 0 … \(classes - 1)",
        advice: "Correct the label, or raise options.numClasses")
    }
    return label
  }

  package static func check(_ job: Job, options: CoNeOptions) throws(JobError) {
    guard options.valSize >= options.trainSize else {
      throw JobError(
        "options.valSize",
        "found \(options.valSize), expected trainSize, \(options.trainSize), or more")
    }
    guard options.usesQueue else { return }
    guard options.queue % job.batch == 0 else {
      throw JobError(
        "options.queue",
        "found \(options.queue), expected a multiple of the batch, \(job.batch), such as "
          + "\(max(1, options.queue / job.batch) * job.batch)")
    }
    guard options.knn <= options.queue else {
      throw JobError(
        "options.knn",
        "found \(options.knn), expected at most the length of the queue, \(options.queue)")
    }
  }

  /// Throws: `JobError` when the training split has labels beyond those of `numClasses`, `DataError`
  /// for one without labels.
  private static func classes(_ options: CoNeOptions, _ data: RecipeData) throws -> Int {
    let source = try data.source("train")
    let found = source.labelNames.count
    guard options.numClasses == 0 || found <= options.numClasses else {
      throw JobError(
        "options.numClasses",
        "found \(options.numClasses), but the training split has \(found) classes")
    }
    let classes = max(options.numClasses, found)
    guard classes >= 2, found > 0 else {
      throw DataError(
        file: "split \(source.split)", problem: "has \(found) classes",
        advice: "Classification needs samples of two classes or more")
    }
    return classes
  }
}
