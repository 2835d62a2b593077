/// A rectangle with sides along the axes, in pixels: x to the right, y down, the first pixel's
/// corner at 0 and its middle at one half.
public struct Box: Hashable, Sendable {
  public var x0: Float
  public var y0: Float
  public var x1: Float
  public var y1: Float

  /// From corner (x0, y0) to corner (x1, y1), which is at least as far right and down.
  public init(_ x0: Float, _ y0: Float, _ x1: Float, _ y1: Float) {
    (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
  }

  public var width: Float { x1 - x0 }
  public var height: Float { y1 - y0 }
  public var area: Float { width * height }

  /// Of a place (x, y), borders included.
  public func contains(_ point: SIMD2<Float>) -> Bool {
    point.x >= x0 && point.x <= x1 && point.y >= y0 && point.y <= y1
  }
}
