import Tensors

/// Decoded pixels and where they come from.
public struct Image: Sendable {
  public let pixels: ByteTensor  // [h, w, c]
  /// For messages: a path, or the name of something made in memory.
  public let file: String

  public init(pixels: ByteTensor, file: String) {
    precondition(pixels.shape.count == 3, "Image: shape \(pixels.shape) is not [h, w, c]")
    self.pixels = pixels
    self.file = file
  }

  public var height: Int { pixels.shape[0] }
  public var width: Int { pixels.shape[1] }
  public var channels: Int { pixels.shape[2] }

  /// Larger pictures are refused before memory is taken for them.
  public static let sideMax = 16_384
  /// 256 MiB of decoded bytes.
  public static let decodedByteCountMax = 256 << 20
}

/// Height and width, so that the two are never confused.
public struct ImageSize: Hashable, Sendable, CustomStringConvertible {
  public let height: Int
  public let width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public var description: String { "\(width)×\(height)" }

  /// Of a JPEG decoded at `eighths` eighths of this size: sides are rounded up.
  func inEighths(_ eighths: Int) -> ImageSize {
    ImageSize(height: (height * eighths + 7) / 8, width: (width * eighths + 7) / 8)
  }
}

/// A rectangle of whole pixels.
public struct PixelRegion: Hashable, Sendable {
  public let rows: Range<Int>
  public let columns: Range<Int>

  public init(rows: Range<Int>, columns: Range<Int>) {
    self.rows = rows
    self.columns = columns
  }

  public static func whole(of size: ImageSize) -> PixelRegion {
    PixelRegion(rows: 0..<size.height, columns: 0..<size.width)
  }

  public var area: Int { rows.count * columns.count }
}

extension ByteTensor {
  /// Of a picture [h, w, c] or a mask [h, w].
  public var imageSize: ImageSize { ImageSize(height: shape[0], width: shape[1]) }

  package var channelCount: Int { shape.count == 3 ? shape[2] : 1 }
}
