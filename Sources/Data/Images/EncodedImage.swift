import Tensors

/// The bytes of an image file, of which a view may need but a part.
public struct EncodedImage: Sendable {
  public let bytes: [UInt8]
  /// For messages: a path, usually.
  public let file: String
  /// As the file's header says.
  public let size: ImageSize
  let isJPEG: Bool

  /// Reads the header only; `file` is for messages.
  ///
  /// Throws: `DataError` when it is damaged, too large or of another format than JPEG and PNG.
  public init(_ bytes: [UInt8], file: String) throws {
    self.bytes = bytes
    self.file = file
    (isJPEG, size) = try Image.header(of: bytes, file: file)
  }

  /// All of it in RGB.
  ///
  /// Throws: `DataError` when the bytes are damaged or end too early.
  public func decoded() throws -> Image { try Image.decoded(bytes, file: file) }

  /// What `transform` shows of it, as if it were decoded whole first; of a JPEG only the part that
  /// is shown is decoded, so damage below that is not seen.
  ///
  /// `scaled` decodes a JPEG that is shrunk to half or less at 1/2, 1/4 or 1/8 of its size, with
  /// still as many pixels as the output: other pixels, about as good. Shapes: → [size, 3].
  ///
  /// Throws: `DataError` when the bytes are damaged or end too early.
  /// Precondition: `transform` is one of pictures of this size.
  public func view(
    _ transform: SpatialTransform, filter: ResamplingFilter = .bilinear, fill: UInt8 = 0,
    scaled: Bool = false
  ) throws -> ByteTensor {
    precondition(
      transform.source == size, "EncodedImage: a view of \(transform.source), \(file) has \(size)")
    guard isJPEG else {
      return transform.applied(to: try decoded().pixels, filter: filter, fill: fill)
    }
    let eighths = eighths(for: transform, scaled: scaled)
    let transform = eighths == 8 ? transform : transform.inEighths(eighths)
    let region = transform.region(filter: filter)
    guard region.area > 0 else {
      return ByteTensor(
        repeating: fill, shape: [transform.size.height, transform.size.width, 3])
    }
    let part = try decoded(region, eighths: eighths)
    return transform.drawn(from: part, at: region, filter: filter, fill: fill)
  }

  /// What a file of this format is called: NAME.ENDING.
  var ending: String { isJPEG ? "jpg" : "png" }

  /// The size at which a view decodes it, in eighths of its own.
  func eighths(for transform: SpatialTransform, scaled: Bool) -> Int {
    isJPEG && scaled ? transform.sufficientEighths : 8
  }

  /// A part of a JPEG at `eighths` eighths of its size, in pixels of that, in RGB.
  ///
  /// Throws: `DataError` when the bytes are damaged or end too early.
  package func decoded(_ region: PixelRegion, eighths: Int) throws -> ByteTensor {
    try Image.decodedJPEG(bytes, file: file, as: .rgb, eighths: eighths, region: region).pixels
  }
}
