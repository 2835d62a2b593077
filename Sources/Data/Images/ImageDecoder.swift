import CImages
import Tensors

/// What the bytes of an image become.
public enum ImageContent: Sendable {
  /// Three channels; gray is repeated, palettes are looked up, alpha is dropped.
  case rgb
  /// One channel of brightness. Colour PNGs are refused, colour JPEGs are converted.
  case gray
  /// One channel of palette indices or gray values exactly as stored: class masks. PNG only.
  case indices
}

extension Image {
  /// The picture in a JPEG or PNG file.
  ///
  /// `shrink` is 1, 2, 4 or 8: JPEGs are decoded at that fraction of their size, which is cheaper
  /// than decoding and resizing. Precondition: it is 1 for PNGs.
  ///
  /// Throws: `DataError` naming the file when it is missing, damaged, truncated or too large.
  public static func decoded(
    file path: String, as content: ImageContent = .rgb, shrink: Int = 1
  ) throws -> Image {
    try decoded(Files.bytes(of: path), file: path, as: content, shrink: shrink)
  }

  /// The picture in a file of a data set.
  ///
  /// Throws: `DataError`, as above.
  public static func decoded(
    _ name: String, from files: any FileTree, as content: ImageContent = .rgb, shrink: Int = 1
  ) throws -> Image {
    try decoded(files.bytes(of: name), file: files.path(name), as: content, shrink: shrink)
  }

  /// The picture in these bytes; `file` is for messages only.
  ///
  /// Throws: `DataError` when they are damaged, truncated, too large or of another format.
  public static func decoded(
    _ bytes: [UInt8], file: String, as content: ImageContent = .rgb, shrink: Int = 1
  ) throws -> Image {
    precondition([1, 2, 4, 8].contains(shrink), "Image.decoded: shrink \(shrink), not 1, 2, 4, 8")
    if bytes.starts(with: [0xFF, 0xD8]) {
      return try decodedJPEG(bytes, file: file, as: content, eighths: 8 / shrink)
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      precondition(shrink == 1, "Image.decoded: a PNG cannot be decoded at 1/\(shrink)")
      return try decodedPNG(bytes, file: file, as: content)
    }
    throw neither(bytes, file: file)
  }

  /// The format and size that the header says.
  ///
  /// Throws: `DataError` when it is damaged, too large or of another format.
  static func header(
    of bytes: [UInt8], file: String
  ) throws -> (isJPEG: Bool, size: ImageSize) {
    if bytes.starts(with: [0xFF, 0xD8]) {
      return (true, try jpegSize(bytes, file: file, as: .rgb))
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      let header = try header(of: bytes, file: file, kind: "PNG", ci_png_header)
      return (false, try boundedSize(header, channels: 3, file: file))
    }
    throw neither(bytes, file: file)
  }

  private static func neither(_ bytes: [UInt8], file: String) -> DataError {
    let start = bytes.prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
    return DataError(
      file: file,
      problem: bytes.isEmpty ? "is empty" : "is neither JPEG nor PNG (it starts with \(start))",
      advice: "Convert it to JPEG or PNG, or take it out of the list")
  }

  /// `region` is in pixels of the picture at `eighths` eighths of its size, 1 … 8; nil for all.
  static func decodedJPEG(
    _ bytes: [UInt8], file: String, as content: ImageContent, eighths: Int,
    region: PixelRegion? = nil
  ) throws -> Image {
    let channels = content == .rgb ? 3 : 1
    let size = try jpegSize(bytes, file: file, as: content).inEighths(eighths)
    let region = region ?? .whole(of: size)
    let part = ci_region(
      left: Int32(region.columns.lowerBound), top: Int32(region.rows.lowerBound),
      width: Int32(region.columns.count), height: Int32(region.rows.count))
    let pixels = try ByteTensor(
      shape: [region.rows.count, region.columns.count, channels]
    ) { out in
      try call(file: file, kind: "JPEG") { message in
        ci_jpeg_decode(
          bytes, bytes.count, Int32(eighths), Int32(channels), part, out.baseAddress, out.count,
          message)
      }
    }
    return Image(pixels: pixels, file: file)
  }

  /// Throws: `DataError` when the header is damaged or says more than is read, or for indices.
  private static func jpegSize(
    _ bytes: [UInt8], file: String, as content: ImageContent
  ) throws -> ImageSize {
    if case .indices = content {
      throw DataError(
        file: file, problem: "is a JPEG where class indices are expected",
        advice: "JPEG blurs indices: store masks as PNG")
    }
    let header = try header(of: bytes, file: file, kind: "JPEG", ci_jpeg_header)
    return try boundedSize(header, channels: content == .rgb ? 3 : 1, file: file)
  }

  private static func decodedPNG(
    _ bytes: [UInt8], file: String, as content: ImageContent
  ) throws -> Image {
    let header = try header(of: bytes, file: file, kind: "PNG", ci_png_header)
    let (mode, channels) =
      switch content {
      case .rgb: (CI_PNG_RGB, 3)
      case .gray: (CI_PNG_GRAY, 1)
      case .indices: (CI_PNG_INDICES, 1)
      }
    let size = try boundedSize(header, channels: channels, file: file)
    let pixels = try ByteTensor(shape: [size.height, size.width, channels]) { out in
      try call(file: file, kind: "PNG") { message in
        ci_png_decode(
          bytes, bytes.count, Int32(mode.rawValue), out.baseAddress, out.count, message)
      }
    }
    return Image(pixels: pixels, file: file)
  }

  private static func header(
    of bytes: [UInt8], file: String, kind: String,
    _ read: (
      UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<ci_header>?, UnsafeMutablePointer<CChar>?
    ) -> Int32
  ) throws -> ci_header {
    var header = ci_header()
    try call(file: file, kind: kind) { read(bytes, bytes.count, &header, $0) }
    return header
  }

  private static func boundedSize(
    _ header: ci_header, channels: Int, file: String
  ) throws -> ImageSize {
    let size = ImageSize(height: Int(header.height), width: Int(header.width))
    guard
      size.width > 0, size.height > 0, size.width <= sideMax, size.height <= sideMax,
      size.width * size.height * max(channels, 3) <= decodedByteCountMax
    else {
      throw DataError(
        file: file,
        problem: "has \(size) pixels; at most \(sideMax) a side and 256 MiB decoded are read",
        advice: "Shrink or cut the image")
    }
    return size
  }

  private static func call(
    file: String, kind: String, _ body: (UnsafeMutablePointer<CChar>?) -> Int32
  ) throws {
    var message = [CChar](repeating: 0, count: Int(CI_MESSAGE_SIZE))
    guard body(&message) != 0 else { return }
    let text = String(
      decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw DataError(
      file: file, problem: "is a damaged or unsupported \(kind) (\(text))",
      advice: "Restore the file, or set onBadSample: skip")
  }
}
