import Data
import Layers
import Tensors
import Training

/// Semi-supervised segmentation of volumes through dual-task consistency (Luo et al. 2021).
///
/// One network predicts a mask and a level set; the level set becomes a soft mask by a steep sigmoid,
/// and the two must agree on all volumes, labelled or not. See README.md.
package struct DTC: Recipe {
  package static let name = "dtc"
  package static let summary =
    "semi-supervised segmentation of volumes: a mask and a level set that must agree, on unlabelled "
    + "volumes too (DTC, Luo et al. 2021)"
  package static let defaults: JobDefaults = {
    var schedule = ScheduleSettings(.step)
    schedule.milestones = [2500.0 / 6000, 5000.0 / 6000]
    var optimizer = OptimizerSettings(.sgd, learningRate: 0.01, weightDecay: 1e-4)
    optimizer.decay = .all
    // 6000 steps of the left atrium: 16 labelled volumes, 2 a step.
    return JobDefaults(batch: 4, epochs: 750, optimizer: optimizer, schedule: schedule)
  }()

  let options: DTCOptions
  let model: VNet
  let classNames: [String]
  private let augmentation: VolumeAugmentation
  package let parameters: [Parameter]

  package init(_ options: DTCOptions, stage: Stage, data: RecipeData, in scope: inout Scope) throws
  {
    let source = try data.source("train")
    self.options = options
    try Self.check(options, data)
    classNames = source.classNames.count == 2 ? source.classNames : ["background", "object"]
    augmentation =
      options.turns ? .leftAtrium(size: options.patch) : VolumeAugmentation(size: options.patch)
    model = VNet(filters: options.filters, dropout: options.dropout, in: &scope)
    parameters = scope.parameters
  }

  /// One replica's patches.
  package struct Batch: Sendable {
    let images: Tensor  // [B, x, y, z, 1]
    /// Rows of the labelled ones.
    let labelled: IntTensor  // [l]
    let masks: Tensor  // [l, x, y, z, 1]
    let levelSets: Tensor  // [l, x, y, z, 1]
  }

  package func plan(batch: Int, data: RecipeData) throws -> any BatchPlan {
    let count = try data.source("train").count
    guard options.labelledSlots == batch || options.labelled < count else {
      throw JobError(
        "options.labelled",
        "found \(options.labelled), but train has \(count) volumes, so that none is left for the "
          + "batch's \(batch - options.labelledSlots) unlabelled slots; lower it, or set labelledSlots to "
          + "\(batch)")
    }
    return TwoStreamPlan(
      count: count, labelled: options.labelled, batch: batch, labelledSlots: options.labelledSlots)
  }

  package func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    var (images, masks, levelSets): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    var labelled: [Int32] = []
    let shape = options.patch + [1]
    for (row, item) in samples.enumerated() {
      let isLabelled = item.slot.role == TwoStreamPlan.labelledRole
      let volume =
        try isLabelled
        ? BinaryVolume(labelled: item.sample) : BinaryVolume(unlabelled: item.sample)
      let view = augmentation(
        volume.image, label: volume.mask, key: key.derived("augment").derived(item.slot.index))
      images.append(view.image.reshaped(shape))
      guard let mask = view.label else { continue }
      labelled.append(Int32(row))
      masks.append(Tensor(mask.elements.map { Float($0) }, shape: shape))
      levelSets.append(levelSet(of: mask, empty: options.emptyTarget).reshaped(shape))
    }
    let batch = { (rows: [Tensor]) in rows.isEmpty ? .zeros([0] + shape) : stacked(rows) }
    return Batch(
      images: batch(images), labelled: IntTensor(labelled), masks: batch(masks),
      levelSets: batch(levelSets))
  }

  package static func check(_ job: Job, options: DTCOptions) throws(JobError) {
    for (name, side) in zip(["patchX", "patchY", "patchZ"], options.patch)
    where side % VNet.factor != 0 {
      throw JobError(
        "options.\(name)",
        "found \(side), expected a multiple of \(VNet.factor): the network halves it four times")
    }
    let sides = [("strideXY", options.strideXY, min(options.patchX, options.patchY))]
    for (name, stride, side) in sides + [("strideZ", options.strideZ, options.patchZ)]
    where stride > side {
      throw JobError(
        "options.\(name)",
        "found \(stride), expected at most the patch's \(side): windows would leave voxels out")
    }
    guard options.labelledSlots <= job.batch else {
      throw JobError(
        "options.labelledSlots", "found \(options.labelledSlots), but the batch is \(job.batch)")
    }
    guard options.labelledSlots <= options.labelled else {
      throw JobError(
        "options.labelled",
        "found \(options.labelled), expected \(options.labelledSlots) or more, the labelled slots "
          + "of a batch")
    }
  }

  /// Throws: `JobError` when there are too few samples for the two streams, or a case is listed twice
  /// or in two splits.
  private static func check(_ options: DTCOptions, _ data: RecipeData) throws {
    let train = try data.source("train")
    guard options.labelled <= train.count else {
      throw JobError(
        "options.labelled", "found \(options.labelled), but train has \(train.count) volumes")
    }
    var owners: [String: String] = [:]
    for split in ["train", "val", "test"] where train.splits.contains(split) {
      let source = try data.source(split)
      for index in 0..<source.count {
        let name = source.name(at: index)
        guard let other = owners.updateValue(split, forKey: name) else { continue }
        throw JobError(
          "data",
          other == split
            ? "\(name) is listed twice in \(split); list each volume once"
            : "\(name) is in \(other) and in \(split); a model is scored on volumes it never saw")
      }
    }
  }
}
