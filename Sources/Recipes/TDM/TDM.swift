import Data
import Layers
import Tensors
import Training

/// Task discrepancy maximization (Lee et al. 2022): few-shot classification of fine-grained classes
/// by the channels that tell the classes of the task apart.
///
/// Each step is one episode whose images are spread over the replicas. Weights for each pair of class
/// and query favour channels in which a class differs from the others of the episode (SAM) and which
/// respond to the object of the query (QAM); ProtoNet's or FRN's distances use them. See README.md.
package struct TDM: Recipe {
  package static let name = "tdm"
  package static let summary =
    "few-shot classification of fine-grained classes: channels weighted for each class and query "
    + "(TDM, Lee et al. 2022) under ProtoNet or FRN"
  package static let defaults: JobDefaults = {
    var optimizer = OptimizerSettings(.sgd, learningRate: 0.1, weightDecay: 5e-4)
    optimizer.nesterov = true
    optimizer.decay = .all
    var schedule = ScheduleSettings(.step)
    schedule.milestones = [0.5]
    return JobDefaults(batch: 400, epochs: 800, optimizer: optimizer, schedule: schedule)
  }()

  let options: TDMOptions
  let model: TDMModel
  let views: TDMViews
  package let parameters: [Parameter]

  package init(_ options: TDMOptions, stage: Stage, data: RecipeData, in scope: inout Scope)
    throws
  {
    try Self.checkClasses(options, data)
    self.options = options
    model = TDMModel(options, in: &scope)
    views = TDMViews(options)
    parameters = scope.parameters
  }

  /// Images of one episode, or of a replica's share of it: consecutive slots, supports first.
  package struct Batch: Sendable {
    let images: Tensor  // [B, side, side, 3]
    let supportCount: Int
    /// Place among the episode's queries, of each image that is one.
    let queries: [Int]
  }

  package func plan(batch: Int, data: RecipeData) throws -> any BatchPlan {
    EpisodePlan(try EpisodeClasses(of: data.source("train")), shape: options.trainShape)
  }

  package func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    let images = try samples.map { item in
      try views.training(item.sample, key: key.derived("augment").derived(item.slot.index))
    }
    let supportCount = options.trainShape.supportCount
    let slots = samples.map(\.slot.index)
    return Batch(
      images: views.batch(images), supportCount: slots.count { $0 < supportCount },
      queries: slots.filter { $0 >= supportCount }.map { $0 - supportCount })
  }

  package static func check(_ job: Job, options: TDMOptions) throws(JobError) {
    let shape = options.trainShape
    guard job.batch == shape.imageCount else {
      throw JobError(
        "batch",
        "found \(job.batch), expected \(shape.imageCount), the images of one episode: trainWay "
          + "\(shape.way) × (trainShot \(shape.shot) + trainQueryShot \(shape.query))")
    }
    guard job.onBadSample == .fail else {
      throw JobError(
        "onBadSample", "found \(job.onBadSample.rawValue); an episode needs all its images")
    }
    guard options.testShots != nil else {
      throw JobError(
        "options.testShot",
        "found \(options.testShot.debugDescription), expected different numbers from 1 to 1000 "
          + "parted by commas")
    }
    guard options.mapSide == TDMModel.mapSide else {
      throw JobError(
        "options.imageSize",
        "images of \(options.imageSize) pixels give a map of \(options.mapSide)×\(options.mapSide), "
          + "expected \(TDMModel.mapSide)×\(TDMModel.mapSide); change imageSize"
          + (options.backbone == .conv4 ? " or pools" : ""))
    }
    guard options.backbone == .conv4 || options.width % 2 == 0 else {
      throw JobError(
        "options.width", "found \(options.width), expected an even number for resnet12")
    }
  }

  /// Throws: `JobError` when a class is in two splits, `DataError` when a split has too few classes,
  /// or a class too few images, for the episodes.
  private static func checkClasses(_ options: TDMOptions, _ data: RecipeData) throws {
    let train = try data.source("train")
    try EpisodeClasses(of: train).check(options.trainShape, of: train)
    var owners = Dictionary(
      train.labelNames.map { ($0, "train") }, uniquingKeysWith: { first, _ in first })
    for split in ["val", "test"] where train.splits.contains(split) {
      let source = try data.source(split)
      let classes = try EpisodeClasses(of: source)
      for shape in options.testShapes { try classes.check(shape, of: source) }
      for name in source.labelNames {
        if let other = owners.updateValue(split, forKey: name), other != split {
          throw JobError(
            "data",
            "class \(name) is in \(other) and in \(split); few-shot learning is scored on classes "
              + "that were never seen")
        }
      }
    }
  }
}
