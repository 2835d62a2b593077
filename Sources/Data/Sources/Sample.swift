import Tensors

/// The mask value of pixels that count neither in training nor in scores, as in PASCAL VOC.
public let ignoredLabel: UInt8 = 255

/// One item of a data set, before any augmentation; its picture may still be a file's bytes.
public struct Sample: Sendable {
  /// Unique within its split and stable: a file's name without extension, usually.
  public let id: String
  public var image: SampleImage?
  /// Class indices, `ignoredLabel` where nothing is known.
  public var mask: ByteTensor?  // [h, w], as large as the image
  /// Index into the source's `labelNames`.
  public var label: Int?
  public var captions: [String]
  /// Objects in the image.
  public var annotations: [Annotation] = []
  /// What a text data set classifies.
  public var text: String?
  public var volume: Volume?
  /// Numbers somebody computed before: one row of a features file.
  public var features: Tensor?

  public init(
    id: String, image: SampleImage? = nil, mask: ByteTensor? = nil, label: Int? = nil,
    captions: [String] = []
  ) {
    self.id = id
    self.image = image
    self.mask = mask
    self.label = label
    self.captions = captions
  }

  /// The same with its picture decoded whole, as a check of the file.
  ///
  /// Throws: `DataError` for a damaged picture.
  func decoded() throws -> Sample {
    var sample = self
    sample.image = try image?.decoded()
    return sample
  }
}
