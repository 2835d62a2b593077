import Data
import Layers
import Losses
import Tensors
import Training

/// Classification of sums of two pictures (Zhang et al. 2018, mixup: Beyond Empirical Risk
/// Minimization), with their weight λ drawn evenly, which is the paper's α = 1:
///
/// x = λ xᵢ + (1 − λ) xⱼ, L = λ CE(f(x), yᵢ) + (1 − λ) CE(f(x), yⱼ).
struct MixUp: Recipe {
  static let name = "mixup"
  static let summary = "classification of weighted sums of pictures (mixup, Zhang et al. 2018)"
  static let defaults = JobDefaults(
    batch: 32, epochs: 20, optimizer: OptimizerSettings(.adamw, learningRate: 2e-3),
    schedule: ScheduleSettings(.cosine, warmupSteps: 20))

  let options: MixUpOptions
  let classNames: [String]
  let size: ImageSize
  let encoder: ConvolutionalEncoder
  let head: Linear
  let parameters: [Parameter]

  init(_ options: MixUpOptions, stage: Stage, data: RecipeData, in scope: inout Scope) throws {
    let source = try data.source("train")
    guard !source.labelNames.isEmpty, source.count > 0 else {
      throw JobError("data", "has no labelled pictures; mixup needs a class for each")
    }
    self.options = options
    classNames = source.labelNames
    size = try Self.parts(of: source.sample(at: 0)).image.size
    let widths = [options.width, 2 * options.width, 4 * options.width]
    encoder = ConvolutionalEncoder(widths: widths, in: &scope["encoder"])
    head = Linear(widths[2], classNames.count, in: &scope["head"])
    parameters = scope.parameters
  }

  /// Throws: `DataError` for a sample without picture or label.
  static func parts(of sample: Sample) throws -> (image: SampleImage, label: Int) {
    guard let image = sample.image, let label = sample.label else {
      throw DataError(
        file: sample.id, problem: "has no \(sample.image == nil ? "picture" : "label")",
        advice: "mixup needs both")
    }
    return (image, label)
  }

  /// Class scores of pictures: [n, h, w, 3] → [n, classes].
  func logits(_ images: Tensor, _ pass: Forward) throws -> Tensor {
    head(try encoder(images, pass))
  }

  /// Class scores of samples of a split, with their labels.
  func logits(
    of samples: [Sample], _ pass: Forward
  ) throws -> (scores: Tensor, labels: [Int]) {
    let parts = try samples.map { try Self.parts(of: $0) }
    let images = try parts.map { try $0.image.pixels().resized(to: size) }
    let batch = Data.Normalization.imageNet.batch(images, size: size)
    return (try logits(batch, pass), parts.map(\.label))
  }
}
