import CImages
import Tensors

/// A colour of a palette or a picture.
public struct RGB: Hashable, Sendable {
  public let red: UInt8
  public let green: UInt8
  public let blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}

extension ByteTensor {
  /// A PNG file of a picture [h, w, 3] or of gray values [h, w] or [h, w, 1].
  public func pngBytes() -> [UInt8] { png(palette: []) }

  /// A palette PNG of indices [h, w] or [h, w, 1].
  ///
  /// Precondition: 1 … 256 colours, and every index has one.
  public func pngBytes(palette: [RGB]) -> [UInt8] {
    precondition((1...256).contains(palette.count), "pngBytes: a palette of \(palette.count)")
    let largest = withUnsafeElements { $0.max() ?? 0 }
    precondition(
      Int(largest) < palette.count, "pngBytes: index \(largest) in a palette of \(palette.count)")
    return png(palette: palette)
  }

  /// A JPEG file, quality 1 … 100, of a picture [h, w, 3] or of gray values [h, w] or [h, w, 1].
  public func jpegBytes(quality: Int = 90) -> [UInt8] {
    precondition((1...100).contains(quality), "jpegBytes: quality \(quality) is not in 1 … 100")
    return encoded("jpegBytes") { pixels, width, height, channels, bytes, size, message in
      ci_jpeg_encode(pixels, width, height, channels, Int32(quality), bytes, size, message)
    }
  }

  private func png(palette: [RGB]) -> [UInt8] {
    let table = palette.flatMap { [$0.red, $0.green, $0.blue] }
    return table.withUnsafeBufferPointer { colours in
      encoded("pngBytes") { pixels, width, height, channels, bytes, size, message in
        precondition(
          palette.isEmpty || channels == 1, "pngBytes: indices have \(channels) channels")
        return ci_png_encode(
          pixels, width, height, channels, palette.isEmpty ? nil : colours.baseAddress,
          Int32(palette.count), bytes, size, message)
      }
    }
  }

  private typealias Encoder = (
    UnsafePointer<UInt8>?, Int32, Int32, Int32, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
    UnsafeMutablePointer<Int>, UnsafeMutablePointer<CChar>
  ) -> Int32

  private func encoded(_ operation: String, _ encode: Encoder) -> [UInt8] {
    precondition(
      (2...3).contains(shape.count) && [1, 3].contains(channelCount) && count > 0
        && shape[0] <= Image.sideMax && shape[1] <= Image.sideMax,
      "\(operation): shape \(shape) is not [h, w], [h, w, 1] or [h, w, 3]")
    var bytes: UnsafeMutablePointer<UInt8>?
    var size = 0
    var message = [CChar](repeating: 0, count: Int(CI_MESSAGE_SIZE))
    let result = withUnsafeElements { pixels in
      message.withUnsafeMutableBufferPointer { text in
        text.baseAddress.map { start in
          encode(
            pixels.baseAddress, Int32(shape[1]), Int32(shape[0]), Int32(channelCount), &bytes,
            &size,
            start)
        }
      }
    }
    defer { ci_free(bytes) }
    precondition(result == 0, "\(operation): the encoder ran out of memory")
    return Array(UnsafeBufferPointer(start: bytes, count: size))
  }
}

/// Versions of the decoders, for the arithmetic fingerprint.
public enum ImageCodecs {
  public static var versions: String {
    "libjpeg-turbo \(ci_jpeg_version()), libpng \(String(cString: ci_png_version()))"
  }
}
