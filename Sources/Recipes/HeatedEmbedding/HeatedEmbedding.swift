import Collectives
import Data
import Layers
import Losses
import Tensors
import Training

package struct HeatedEmbeddingOptions: RecipeOptions {
  @Option("Width of the hidden layer", in: 1...16_384) package var hidden = 64
  @Option("Dimension of the embedding", symbol: "d", in: 2...4096) package var embedding = 16
  @Option(
    "Inverse temperatures of the softmax, one after another: in equal parts of the training, or 16,4@0.75 where the second begins",
    symbol: "α")
  package var alpha = "16,4@0.75"

  package init() {}
}

/// Heated-up softmax embedding (Zhang et al. 2018): features and class weights on the unit sphere, a
/// softmax over their cosines that is trained cold and then heated, so that classes never seen are
/// compact, too. See README.md.
package struct HeatedEmbedding: Recipe {
  package static let name = "heated-softmax"
  package static let summary =
    "an embedding of features by a softmax over cosines that is heated up in the course of training "
    + "(Zhang et al. 2018)"
  package static let defaults: JobDefaults = {
    var schedule = ScheduleSettings(.step)
    schedule.milestones = [0.75]
    return JobDefaults(
      batch: 64, epochs: 80, optimizer: OptimizerSettings(.adam, learningRate: 1e-3),
      schedule: schedule)
  }()

  private let heating: HeatingSchedule
  private let width: Int
  private let layers: MLP
  private let classes: Parameter  // [classes, d]
  package let parameters: [Parameter]

  package init(
    _ options: HeatedEmbeddingOptions, stage: Stage, data: RecipeData, in scope: inout Scope
  ) throws {
    guard let heating = HeatingSchedule(options.alpha) else {
      throw JobError("options.alpha", "cannot be read")
    }
    self.heating = heating
    let source = try data.source("train")
    width = try Self.features(of: source.sample(at: 0)).count
    layers = MLP(
      width, hidden: options.hidden, outputs: options.embedding, activation: .relu, in: &scope)
    guard source.labelNames.count >= 2 else {
      throw DataError(
        file: "split train", problem: "has \(source.labelNames.count) classes",
        advice: "Give features with labels of two classes or more")
    }
    classes = scope.parameter(
      "classes", [source.labelNames.count, options.embedding], .normal(deviation: 1))
    parameters = scope.parameters
  }

  package struct Batch: Sendable {
    let features: Tensor  // [B, width]
    let labels: IntTensor  // [B]
  }

  package func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    Batch(
      features: try rows(samples.map(\.sample)),
      labels: IntTensor(try samples.map { Int32(try Self.label(of: $0.sample)) }))
  }

  package func step(_ batch: Batch, _ context: StepContext) throws {
    let alpha = heating.alpha(at: context.step, of: context.totalSteps)
    let units = try embedded(batch.features, context.pass)
    let cosines = matmul(units, l2Normalized(classes.value).transposed)
    let loss = try HeatedSoftmax(alpha: alpha)(
      logits: cosines, labels: batch.labels, over: context.exchange)
    try context.minimize(loss, over: parameters)
    let isFirst = context.exchange.replica == 0
    context.report("alpha", sum: isFirst ? Double(alpha) : 0, count: isFirst ? 1 : 0)
  }

  package static func check(_ job: Job, options: HeatedEmbeddingOptions) throws(JobError) {
    guard HeatingSchedule(options.alpha) != nil else {
      throw JobError(
        "options.alpha",
        "found \(options.alpha.debugDescription), expected numbers above 0 parted by commas, each "
          + "but the first with the part of the training where it begins, 16,4@0.7, or none")
    }
  }

  /// Unit rows: [n, width] → [n, d].
  func embedded(_ features: Tensor, _ pass: Forward) throws -> Tensor {
    l2Normalized(try layers(features, pass))
  }

  /// Shapes: → [n, width].
  func rows(_ samples: [Sample]) throws -> Tensor {
    guard !samples.isEmpty else { return .zeros([0, width]) }
    return stacked(
      try samples.map { sample in
        let row = try Self.features(of: sample)
        guard row.count == width else {
          throw DataError(
            file: sample.id,
            problem: "has \(row.count) numbers, the first training sample \(width)",
            advice: "Give every sample as many")
        }
        return row.reshaped([width])
      })
  }

  private static func features(of sample: Sample) throws -> Tensor {
    guard let features = sample.features, features.count > 0 else {
      throw DataError(
        file: sample.id, problem: "has no features", advice: "heated-softmax needs some")
    }
    return features
  }

  static func label(of sample: Sample) throws -> Int {
    guard let label = sample.label else {
      throw DataError(
        file: sample.id, problem: "has no label", advice: "heated-softmax is trained by labels")
    }
    return label
  }
}
