import Data
import Layers
import Tensors

/// Two towers into one space, and the scale of their products.
struct CLIPModel: Sendable {
  let image: CLIPImageTower
  let text: TextTransformer
  /// ln of the inverse temperature, in 0 … ln 100.
  let logScale: Parameter
  /// Added to every product; SigLIP's alone.
  let bias: Parameter?
  let size: ImageSize

  init(_ options: CLIPOptions, side: Int, tokenizer: Tokenizer, in scope: inout Scope) {
    size = ImageSize(height: side, width: side)
    image = CLIPImageTower(options, side: side, in: &scope["visual"])
    text = TextTransformer(
      vocabulary: tokenizer.count, context: options.context, width: options.textWidth,
      depth: options.textDepth, heads: options.textHeads, outputs: options.embedding,
      activation: options.activation.layer, dropout: options.dropout, in: &scope)
    let isSigmoid = options.loss == .siglip
    logScale = scope.parameter(
      "logit_scale", [], .constant(isSigmoid ? Self.lnTen : Self.lnInverseTemperature),
      within: 0...2 * Self.lnTen)
    bias = isSigmoid ? scope.parameter("logit_bias", [], .constant(-10)) : nil
  }

  private static let lnTen: Float = 2.302_585
  /// ln(1 / 0.07).
  private static let lnInverseTemperature: Float = 2.659_260

  /// Unit rows of pictures of any size, cut to the middle square: n → [n, d].
  func embed(_ pictures: [SampleImage], _ pass: Forward) throws -> Tensor {
    l2Normalized(try image(batch(pictures.map(view)), pass))
  }

  /// The middle square of a picture in the model's size.
  func view(of picture: SampleImage) throws -> ByteTensor {
    try picture.view(
      SpatialTransform(
        of: picture.size, to: size, window: .covering(size, in: picture.size)))
  }

  /// Unit rows of texts: [n, length] → [n, d].
  func embed(_ texts: IntTensor, _ pass: Forward) throws -> Tensor {
    l2Normalized(try text(texts, pass))
  }

  /// Shapes: n pictures of the model's size → [n, side, side, 3].
  func batch(_ pictures: [ByteTensor]) -> Tensor {
    Data.Normalization.clip.batch(pictures, size: size)
  }
}
