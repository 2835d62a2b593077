/// Where everything in a picture goes: a window at a new size, and perhaps an affine map of that.
///
/// One value moves the picture, its mask, boxes and points, so that they stay aligned. The affine
/// map does not see the window's edges: what it turns into view from beyond them is there, as far
/// as the picture goes. It interpolates bilinearly, so it should not shrink much itself; the window
/// does that without aliasing.
public struct SpatialTransform: Hashable, Sendable {
  /// Of the picture.
  public let source: ImageSize
  /// Of the result.
  public let size: ImageSize
  public let window: Window
  /// From places in the window, in pixels of the result, to places in the result.
  public let affine: Affine

  /// Preconditions: nothing is empty, `affine` has an inverse.
  public init(
    of source: ImageSize, to size: ImageSize, window: Window, affine: Affine = .identity
  ) {
    precondition(
      window.height > 0 && window.width > 0 && size.height > 0 && size.width > 0
        && source.height > 0 && source.width > 0,
      "SpatialTransform: \(window) of \(source) to \(size)")
    self.source = source
    self.size = size
    self.window = window
    self.affine = affine
  }

  /// Where the result shows the place `point` (x, y) of the picture; beyond 0 … `size` if it does
  /// not.
  public func point(_ point: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2<Float>(fromSource(SIMD2<Double>(point)))
  }

  /// The place of the picture that the result shows at `point`.
  public func sourcePoint(_ point: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2<Float>(toSource(SIMD2<Double>(point)))
  }

  /// The part of the result that `box` of the picture has become, and the fraction of its area
  /// that this is: 0 where nothing is left, then the box is empty, too.
  ///
  /// A turned box becomes the box around it.
  public func box(_ box: Box) -> (box: Box, kept: Float) {
    let map = fromSource
    let corners = [(box.x0, box.y0), (box.x1, box.y0), (box.x0, box.y1), (box.x1, box.y1)]
      .map { map(SIMD2(Double($0), Double($1))) }
    func around(_ values: [Double], _ limit: Int) -> (all: ClosedRange<Double>, part: [Double]) {
      let (low, high) = (values.min() ?? 0, values.max() ?? 0)
      let end = Double(limit)
      return (low...high, [min(max(low, 0), end), min(max(high, 0), end)])
    }
    let across = around(corners.map(\.x), size.width)
    let down = around(corners.map(\.y), size.height)
    let area =
      (across.all.upperBound - across.all.lowerBound)
      * (down.all.upperBound - down.all.lowerBound)
    let left = (across.part[1] - across.part[0]) * (down.part[1] - down.part[0])
    return (
      Box(Float(across.part[0]), Float(down.part[0]), Float(across.part[1]), Float(down.part[1])),
      area > 0 ? Float(left / area) : 0
    )
  }

  /// From places in the result to places in the picture.
  var toSource: Affine {
    let across = Double(window.width) / Double(size.width)
    let down = Double(window.height) / Double(size.height)
    let (left, top) = (Double(window.left), Double(window.top))
    let view = Affine(
      window.flipped ? -across : across, 0, window.flipped ? left + Double(window.width) : left,
      0, window.flippedVertically ? -down : down,
      window.flippedVertically ? top + Double(window.height) : top)
    return affine == .identity ? view : view.after(affine.inverse)
  }

  private var fromSource: Affine { toSource.inverse }

  /// The same for the picture decoded at `eighths` eighths of its size.
  func inEighths(_ eighths: Int) -> SpatialTransform {
    let factor = Float(eighths) / 8
    return SpatialTransform(
      of: source.inEighths(eighths), to: size,
      window: Window(
        top: window.top * factor, left: window.left * factor, height: window.height * factor,
        width: window.width * factor, flipped: window.flipped,
        flippedVertically: window.flippedVertically), affine: affine)
  }

  /// The smallest of the sizes 1/8, 1/4, 1/2 and 1 of the picture, in eighths, at which the window
  /// has a pixel for each of the result's. Those between have no fast transform in libjpeg-turbo:
  /// 5/8 takes longer than the whole.
  package var sufficientEighths: Int {
    [1, 2, 4].first { eighths in
      window.height * Float(eighths) >= 8 * Float(size.height)
        && window.width * Float(eighths) >= 8 * Float(size.width)
    } ?? 8
  }
}
