import Data
import Layers
import Losses
import Tensors
import Training

/// Which network sees the images.
package enum CLIPImageEncoder: String, OptionChoice {
  case vit, resnet18, convolution
}

/// What the towers' transformers apply between two linear layers.
package enum CLIPActivation: String, OptionChoice {
  case gelu
  /// x σ(1.702 x), that of OpenAI's weights.
  case quickGELU

  var layer: Activation { self == .gelu ? .gelu : .quickGELU }
}

/// How pairs are contrasted.
package enum CLIPLoss: String, OptionChoice {
  case infonce, siglip
}

/// Which other samples a pair is contrasted with.
package enum CLIPNegatives: String, OptionChoice {
  case global, local
}

package struct CLIPOptions: RecipeOptions {
  @Option("Network that sees the images") package var imageEncoder: CLIPImageEncoder = .vit
  @Option("Width of the image network", in: 4...4096) package var width = 96
  @Option("Blocks of a ViT", in: 1...48) package var depth = 4
  @Option("Attention heads of a ViT", in: 1...64) package var heads = 4
  @Option("Side of a ViT's patches", unit: "pixels", in: 1...64) package var patch = 8
  @Option("Width of the text network", in: 4...4096) package var textWidth = 96
  @Option("Blocks of the text network", in: 1...48) package var textDepth = 3
  @Option("Attention heads of the text network", in: 1...64) package var textHeads = 4
  @Option("Longest text with its start and end", unit: "tokens", in: 3...1024)
  package var context = 32
  @Option("Activation of the transformers; quickGELU for OpenAI's weights")
  package var activation: CLIPActivation = .gelu
  @Option("Dimension of the joint space", symbol: "d", in: 2...4096) package var embedding = 64
  @Option("Probability of dropping a feature inside the networks", in: 0...0.9)
  package var dropout: Float = 0
  @Option("Contrast: softmax over candidates, or a sigmoid for each pair")
  package var loss: CLIPLoss = .infonce
  @Option("Candidates: samples of all replicas, or of the own one for comparison")
  package var negatives: CLIPNegatives = .global
  @Option("Learn the loss's temperature") package var learnsTemperature = true
  @Option("Merges file of CLIP (unpacked); empty to learn merges from the captions")
  package var vocabulary = ""
  @Option("How many merges are learned at most", in: 0...65_536) package var merges = 512
  @Option("Samples whose captions the merges are learned from", in: 1...10_000_000)
  package var vocabularySamples = 500
  @Option(
    "Side that images are brought to; 0 for the first training image's shorter one",
    unit: "pixels", in: 0...4096)
  package var imageSize = 0
  @Option(
    "Smallest part of the image that a training view shows, as a fraction of its area",
    in: 0.01...1)
  package var cropMin: Float = 0.9
  @Option("Probability of mirroring left and right", in: 0...1) package var flip: Float = 0
  @Option("Strength of brightness changes; 0 for none", in: 0...1)
  package var brightness: Float = 0.2
  @Option("Strength of contrast changes; 0 for none", in: 0...1) package var contrast: Float = 0.2
  @Option("Zero-shot sentences, parted by |; {} is a class with its article")
  package var templates = "a picture of {}|a scene with {}"

  package init() {}
}

/// Contrastive language-image pre-training (Radford et al. 2021): an image and a text tower whose
/// embeddings of one sample attract each other and repel those of all others in the cluster's batch.
package struct CLIP: Recipe {
  package static let name = "clip"
  package static let summary =
    "image-text contrast with two towers and negatives from all replicas (CLIP, Radford et al. "
    + "2021; SigLIP, Zhai et al. 2023)"
  package static let defaults = JobDefaults(
    batch: 128, epochs: 30,
    optimizer: OptimizerSettings(.adamw, learningRate: 1e-3, weightDecay: 0.1, clipNorm: 1),
    schedule: ScheduleSettings(.cosine, warmupSteps: 30))

  let options: CLIPOptions
  let model: CLIPModel
  let tokenizer: Tokenizer
  let augmentation: Augmentation
  package let parameters: [Parameter]

  package init(_ options: CLIPOptions, stage: Stage, data: RecipeData, in scope: inout Scope) throws
  {
    let source = try data.source("train")
    let first = try Self.parts(of: source.sample(at: 0))
    self.options = options
    let shorter = min(first.image.size.height, first.image.size.width)
    let side = options.imageSize > 0 ? options.imageSize : shorter
    guard options.imageEncoder != .vit || side % options.patch == 0 else {
      throw JobError(
        "options.imageSize",
        "images of \(side) pixels are no multiple of options.patch, \(options.patch)")
    }
    tokenizer = try Self.tokenizer(options, source)
    model = CLIPModel(options, side: side, tokenizer: tokenizer, in: &scope)
    augmentation = Self.augmentation(options, side: side)
    let fixed = options.learnsTemperature ? nil : model.logScale
    parameters = scope.parameters.filter { $0 != fixed }
  }

  package struct Batch: Sendable {
    let images: Tensor  // [B, side, side, 3]
    let texts: IntTensor  // [B, context]
  }

  /// One caption of each sample, drawn anew at each step.
  package func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    var (images, texts): ([ByteTensor], [String]) = ([], [])
    for item in samples {
      let (image, captions) = try Self.parts(of: item.sample)
      let own = item.slot.index
      images.append(try augmentation(image, key: key.derived("augment").derived(own)).image)
      let draw = key.derived("caption").derived(own).integer(0, below: captions.count)
      texts.append(captions[draw])
    }
    return Batch(images: model.batch(images), texts: tokens(of: texts))
  }

  package static func check(_ job: Job, options: CLIPOptions) throws(JobError) {
    guard job.batch >= 2 else {
      throw JobError("batch", "found \(job.batch), expected 2 or more: a pair needs others")
    }
    if options.imageEncoder == .vit, options.width % options.heads != 0 {
      throw JobError("options.heads", "\(options.heads) heads do not divide \(options.width)")
    }
    if options.textWidth % options.textHeads != 0 {
      throw JobError(
        "options.textHeads", "\(options.textHeads) heads do not divide \(options.textWidth)")
    }
    if options.negatives == .local, options.loss == .siglip {
      throw JobError("options.negatives", "siglip has global negatives only")
    }
    guard options.templates.contains("{}") else {
      throw JobError("options.templates", "has no {} where the class belongs")
    }
  }

  /// Shapes: n texts → [n, length]; as long as the longest, at most `context`.
  func tokens(of texts: [String]) -> IntTensor {
    let rows = tokenizer.rows(of: texts, length: options.context)
    let used =
      (0..<rows.count).map { row in
        rows.mask[row * rows.length..<(row + 1) * rows.length].reduce(0) { $0 + Int($1) }
      }.max() ?? 1
    let numbers = (0..<rows.count).flatMap {
      rows.numbers[$0 * rows.length..<$0 * rows.length + used]
    }
    return IntTensor(numbers, shape: [rows.count, used])
  }

  /// Throws: `DataError` for a sample without image or caption.
  static func parts(of sample: Sample) throws -> (image: SampleImage, captions: [String]) {
    guard let image = sample.image, !sample.captions.isEmpty else {
      throw DataError(
        file: sample.id, problem: "has no \(sample.image == nil ? "image" : "caption")",
        advice: "clip needs both")
    }
    return (image, sample.captions)
  }

  private static func tokenizer(
    _ options: CLIPOptions, _ source: any SampleSource
  ) throws -> Tokenizer {
    if !options.vocabulary.isEmpty {
      let tokenizer = try Tokenizer.read(path: options.vocabulary)
      // The text transformer looks for the largest number.
      guard tokenizer.frame.end == [Int32(tokenizer.count - 1)] else {
        throw JobError(
          "options.vocabulary",
          "\(options.vocabulary) is not CLIP's: its last symbol does not end texts")
      }
      return tokenizer
    }
    let count = min(options.vocabularySamples, source.count)
    let texts = try (0..<count).flatMap {
      try source.sample(at: $0 * source.count / count).captions
    }
    return Tokenizer.learnedCLIP(from: texts, mergesMax: options.merges)
  }

  private static func augmentation(_ options: CLIPOptions, side: Int) -> Augmentation {
    let size = ImageSize(height: side, width: side)
    var augmentation = Augmentation(
      size: size,
      framing: options.cropMin < 1
        ? .resizedCrop(scale: options.cropMin...1, ratio: 0.75...(4 / 3)) : .center)
    augmentation.flip = options.flip
    augmentation.jitter = ColorJitter(
      brightness: options.brightness, contrast: options.contrast, saturation: 0, hue: 0)
    return augmentation
  }
}
