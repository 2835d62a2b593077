import Tensors

/// What evaluation sees of a picture: a centre square, cut from the picture at a larger size. By default
/// that is 92/84 of the square's, as FRN's preparation scripts do it (Wertheimer et al. 2021).
///
/// Resizing and cutting are two steps, so that pixels at the square's border are made of what lies
/// beyond it, too.
public struct CenterView: Hashable, Sendable {
  /// How the picture comes to that size.
  public enum Fit: Hashable, Sendable {
    /// Both sides are brought to it: for pictures that were cut to their object.
    case stretched
    /// The shorter side is brought to it and the other one follows.
    case covering
  }

  /// Of the square, in pixels.
  public let side: Int
  public let fit: Fit
  /// Of the picture's shorter side before the square is cut out; of both, if it is stretched.
  public let length: Int

  /// Precondition: `length`, 92/84 of the side without it, is at least the side, which is at least 1.
  public init(side: Int, fit: Fit, resizedTo length: Int? = nil) {
    let length = length ?? (side * 92 + 42) / 84
    precondition(side >= 1 && length >= side, "CenterView: side \(side) of \(length)")
    self.side = side
    self.fit = fit
    self.length = length
  }

  /// Shapes: [h, w, c] → [side, side, c].
  public func callAsFunction(_ picture: ByteTensor) -> ByteTensor {
    let part = fit == .covering ? picture.cut(Self.middle(of: picture.imageSize)) : picture
    let resized = part.resized(to: resizedSize(of: part.imageSize))
    func start(_ length: Int) -> Int {
      Int((Float(length - side) / 2).rounded(.toNearestOrEven))
    }
    let (top, left) = (start(resized.imageSize.height), start(resized.imageSize.width))
    return resized.cut(
      PixelRegion(rows: top..<top + side, columns: left..<left + side))
  }

  /// All of a picture but the ends of one that is longer than four times its width: they are far
  /// from the square, and resizing them would take memory without bound.
  private static func middle(of size: ImageSize) -> PixelRegion {
    let most = 4 * min(size.height, size.width)
    func range(_ length: Int) -> Range<Int> {
      let kept = min(length, most)
      return (length - kept) / 2..<(length - kept) / 2 + kept
    }
    return PixelRegion(rows: range(size.height), columns: range(size.width))
  }

  private func resizedSize(of picture: ImageSize) -> ImageSize {
    guard fit == .covering else { return ImageSize(height: length, width: length) }
    let shorter = min(picture.height, picture.width)
    return ImageSize(
      height: max(length, length * picture.height / shorter),
      width: max(length, length * picture.width / shorter))
  }
}

extension ByteTensor {
  /// A part of a picture [h, w, c], pixel by pixel.
  ///
  /// Precondition: the part is not empty and lies inside.
  public func cut(_ region: PixelRegion) -> ByteTensor {
    precondition(
      region.area > 0 && region.rows.lowerBound >= 0 && region.rows.upperBound <= shape[0]
        && region.columns.lowerBound >= 0 && region.columns.upperBound <= shape[1],
      "cut: \(region) of shape \(shape)")
    let size = ImageSize(height: region.rows.count, width: region.columns.count)
    let window = Window(
      top: Float(region.rows.lowerBound), left: Float(region.columns.lowerBound),
      height: Float(size.height), width: Float(size.width))
    return resampled(window, to: size, filter: .nearest)
  }
}
