import Data
import Layers
import Tensors
import Training

/// Which network makes features of an image.
package enum SegmentEncoder: String, OptionChoice {
  case unet, resnet18, vit
}

/// What normalises the convolutions' channels.
package enum SegmentNormalization: String, OptionChoice {
  case batch, instance, none
}

package struct SegmentOptions: RecipeOptions {
  @Option("Network that makes the features") package var encoder: SegmentEncoder = .unet
  @Option(
    "Channels of the features; doubled at each U-Net level, 8 times as many in a ViT",
    in: 4...1024)
  package var width = 24
  @Option("How often a U-Net halves the image", in: 1...6) package var levels = 4
  @Option("Blocks of a ViT", in: 1...48) package var depth = 6
  @Option("Side of a ViT's patches", unit: "pixels", in: 2...64) package var patch = 8
  @Option("Normalisation of convolutions; batch is over all replicas")
  package var normalization: SegmentNormalization = .batch
  @Option("Probability of dropping a feature inside the network", in: 0...0.9)
  package var dropout: Float = 0
  @Option("Dimension of the regions' embeddings", symbol: "d", in: 2...4096)
  package var embedding = 64
  @Option(
    "Weight of the contrast between regions; 0 leaves the embedding head out",
    symbol: "λ", in: 0...100)
  package var contrastWeight: Float = 0.02
  @Option("Softmax temperature of the contrast", symbol: "τ", in: 0.001...100)
  package var temperature: Float = 0.1
  @Option("Weight of the Dice loss", in: 0...100) package var diceWeight: Float = 2
  @Option(
    "Height that images are resized to; 0 for that of the first training image",
    unit: "pixels", in: 0...4096)
  package var imageHeight = 0
  @Option(
    "Width that images are resized to; 0 for that of the first training image",
    unit: "pixels", in: 0...4096)
  package var imageWidth = 0
  @Option(
    "Height of the part that is trained on; 0 for the whole image's",
    unit: "pixels", in: 0...4096)
  package var cropHeight = 0
  @Option(
    "Width of the part that is trained on; 0 for the whole image's",
    unit: "pixels", in: 0...4096)
  package var cropWidth = 0
  @Option("Smallest factor of the random scale", in: 0.1...10) package var scaleMin: Float = 0.75
  @Option("Largest factor of the random scale; 1 and 1 for none", in: 0.1...10)
  package var scaleMax: Float = 1.5
  @Option("Probability of mirroring left and right", in: 0...1) package var flip: Float = 0.5
  @Option("Strength of brightness changes; 0 for none", in: 0...1)
  package var brightness: Float = 0.3
  @Option("Strength of contrast changes; 0 for none", in: 0...1) package var contrast: Float = 0.3
  @Option("Strength of saturation changes; 0 for none", in: 0...1)
  package var saturation: Float = 0.3
  @Option("Largest turn of the hue; 0 for none", unit: "turns", in: 0...0.5)
  package var hue: Float = 0.05

  package init() {}
}

/// Semantic segmentation whose regions also contrast with those of all replicas.
///
/// A class label for each pixel by cross-entropy and Dice; beside it an embedding of every class
/// region of every image, which supervised contrast (Khosla et al. 2020) pulls together within a
/// class and apart between classes, over the whole cluster's batch. See README.md.
package struct Segment: Recipe {
  package static let name = "segment"
  package static let summary =
    "semantic segmentation: cross-entropy, Dice, and supervised contrast of class regions over all "
    + "replicas (U-Net, Ronneberger et al. 2015; SupCon, Khosla et al. 2020)"
  package static let defaults = JobDefaults(
    batch: 16, epochs: 10,
    optimizer: OptimizerSettings(.adamw, learningRate: 4e-3, weightDecay: 1e-3),
    schedule: ScheduleSettings(.cosine, warmupSteps: 20))

  let options: SegmentOptions
  let model: SegmentModel
  let classNames: [String]
  /// Of the network's input in evaluation.
  let size: ImageSize
  /// Of the network's input in training.
  let crop: ImageSize
  let augmentation: Augmentation
  package let parameters: [Parameter]

  package init(_ options: SegmentOptions, stage: Stage, data: RecipeData, in scope: inout Scope)
    throws
  {
    let source = try data.source("train")
    guard !source.classNames.isEmpty else {
      throw JobError("data", "has no masks; segment needs a class for each pixel")
    }
    self.options = options
    classNames = source.classNames
    size = try Self.imageSize(options, source)
    crop = ImageSize(
      height: options.cropHeight > 0 ? options.cropHeight : size.height,
      width: options.cropWidth > 0 ? options.cropWidth : size.width)
    try Self.check(size, options, "options.imageHeight")
    try Self.check(crop, options, "options.cropHeight")
    augmentation = Self.augmentation(options, size: size, crop: crop)
    model = SegmentModel(options, size: size, classes: classNames.count, in: &scope)
    parameters = scope.parameters
  }

  package struct Batch: Sendable {
    let images: Tensor  // [B, h, w, 3]
    let masks: ByteTensor  // [B, h, w]
  }

  package func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    var (images, masks): ([ByteTensor], [ByteTensor]) = ([], [])
    for item in samples {
      let (image, mask) = try Self.parts(of: item.sample)
      let view = try augmentation(
        image, mask: mask, key: key.derived("augment").derived(item.slot.index))
      images.append(view.image)
      masks.append(view.mask ?? mask)
    }
    return Batch(
      images: Data.Normalization.imageNet.batch(images, size: crop),
      masks: .batch(masks, size: crop))
  }

  package static func check(_ job: Job, options: SegmentOptions) throws(JobError) {
    guard options.scaleMin <= options.scaleMax else {
      throw JobError(
        "options.scaleMin",
        "found \(options.scaleMin), expected at most scaleMax, which is \(options.scaleMax)")
    }
  }

  /// Throws: `DataError` for a sample without image or mask.
  static func parts(of sample: Sample) throws -> (image: SampleImage, mask: ByteTensor) {
    guard let image = sample.image, let mask = sample.mask else {
      throw DataError(
        file: sample.id, problem: "has no \(sample.image == nil ? "image" : "mask")",
        advice: "segment needs both")
    }
    return (image, mask)
  }

  private static func imageSize(
    _ options: SegmentOptions, _ source: any SampleSource
  ) throws -> ImageSize {
    var size = ImageSize(height: options.imageHeight, width: options.imageWidth)
    guard size.height == 0 || size.width == 0 else { return size }
    guard source.count > 0 else { throw JobError("data", "the training split has no samples") }
    let first = try parts(of: source.sample(at: 0)).image.size
    size = ImageSize(
      height: size.height == 0 ? first.height : size.height,
      width: size.width == 0 ? first.width : size.width)
    return size
  }

  private static func check(
    _ size: ImageSize, _ options: SegmentOptions, _ key: String
  ) throws(JobError) {
    switch options.encoder {
    case .unet:
      guard min(size.height, size.width) >> options.levels >= 1 else {
        throw JobError(
          key,
          "images of \(size) pixels cannot be halved \(options.levels) times; lower "
            + "options.levels or enlarge the images")
      }
    case .resnet18:
      guard min(size.height, size.width) >= 16 else {
        throw JobError(key, "images of \(size) pixels are too small, expected 16 or more a side")
      }
    case .vit:
      guard size.height % options.patch == 0, size.width % options.patch == 0 else {
        throw JobError(
          key, "images of \(size) pixels are no multiples of options.patch, \(options.patch)")
      }
    }
  }

  private static func augmentation(
    _ options: SegmentOptions, size: ImageSize, crop: ImageSize
  ) -> Augmentation {
    // `scaledCrop` takes factor 1 as the largest window; ours is a window of the crop's own pixels.
    let unit = min(
      Float(size.height) / Float(crop.height), Float(size.width) / Float(crop.width))
    let scale = options.scaleMin * unit...options.scaleMax * unit
    let isWhole = crop == size && scale == 1...1
    var augmentation = Augmentation(
      size: crop, framing: isWhole ? .whole : .scaledCrop(scale: scale))
    augmentation.flip = options.flip
    augmentation.jitter = ColorJitter(
      brightness: options.brightness, contrast: options.contrast, saturation: options.saturation,
      hue: options.hue)
    return augmentation
  }
}
