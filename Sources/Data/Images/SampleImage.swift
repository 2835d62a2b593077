import Tensors

/// A sample's picture: pixels, or a file's bytes, which are decoded when a view is asked for and as
/// far as the view shows them.
///
/// A view's pixels are the same either way, so that it makes no difference which of the two a
/// sample happens to carry.
public struct SampleImage: Sendable {
  public let size: ImageSize
  private let encoded: EncodedImage?
  /// nil only where there are bytes.
  private let pixelsAtHand: ByteTensor?

  /// Shapes: [h, w, 3].
  public init(_ pixels: ByteTensor) { self.init(size: pixels.imageSize, nil, pixels) }

  public init(_ encoded: EncodedImage) { self.init(size: encoded.size, encoded, nil) }

  /// A picture file of a data set; its header is read.
  ///
  /// Throws: `DataError` when it is missing, too large, or its header is damaged.
  public init(_ file: String, from files: any FileTree) throws {
    self.init(try EncodedImage(files.bytes(of: file), file: files.path(file)))
  }

  private init(size: ImageSize, _ encoded: EncodedImage?, _ pixels: ByteTensor?) {
    (self.size, self.encoded, pixelsAtHand) = (size, encoded, pixels)
  }

  /// All of it: [h, w, 3].
  ///
  /// Throws: `DataError` when the bytes are damaged or end too early.
  public func pixels() throws -> ByteTensor {
    if let pixelsAtHand { return pixelsAtHand }
    guard let encoded else { preconditionFailure("SampleImage: neither pixels nor bytes") }
    return try encoded.decoded().pixels
  }

  /// What `transform` shows of it; see `EncodedImage.view`. Shapes: → [size, 3].
  ///
  /// Throws: `DataError` when the bytes are damaged where the view needs them.
  /// Precondition: `transform` is one of pictures of this size.
  public func view(
    _ transform: SpatialTransform, filter: ResamplingFilter = .bilinear, fill: UInt8 = 0,
    scaled: Bool = false
  ) throws -> ByteTensor {
    // Decoding at a smaller size gives other pixels; where a view asks for it, it is done always.
    if let encoded, pixelsAtHand == nil || encoded.eighths(for: transform, scaled: scaled) < 8 {
      return try encoded.view(transform, filter: filter, fill: fill, scaled: scaled)
    }
    return transform.applied(to: try pixels(), filter: filter, fill: fill)
  }

  /// The same with its pixels at hand, and the bytes only where a view may still ask for them.
  ///
  /// Throws: `DataError` when the bytes are damaged or end too early.
  func decoded() throws -> SampleImage { SampleImage(size: size, scalable, try pixels()) }

  /// A JPEG can be decoded at a smaller size, a PNG cannot.
  private var scalable: EncodedImage? { encoded.flatMap { $0.isJPEG ? $0 : nil } }

  /// The file it came from, if any: what its name ends in, and its bytes.
  var file: (ending: String, bytes: [UInt8])? { encoded.map { ($0.ending, $0.bytes) } }

  /// Of memory, about.
  var byteCount: Int { (encoded?.bytes.count ?? 0) + (pixelsAtHand?.count ?? 0) }

  /// `byteCount` of the same with its pixels at hand.
  var decodedByteCount: Int { (scalable?.bytes.count ?? 0) + size.height * size.width * 3 }
}
