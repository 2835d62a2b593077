import Tensors

/// A linear map of the plane and a shift: (x, y) ↦ (a·x + b·y + c, d·x + e·y + f).
public struct Affine: Hashable, Sendable {
  public let a, b, c, d, e, f: Double

  public init(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ e: Double, _ f: Double) {
    (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
  }

  public static let identity = Affine(1, 0, 0, 0, 1, 0)

  /// Shears along x, then y, scales and turns clockwise about the middle of `size`, then shifts.
  ///
  /// As torchvision's `affine`: angles in degrees, the shift in pixels. Preconditions: `scale` is
  /// above 0, the shears are below 90 degrees either way.
  public init(
    about size: ImageSize, degrees: Double = 0, shift: SIMD2<Double> = .zero, scale: Double = 1,
    shear: SIMD2<Double> = .zero
  ) {
    precondition(
      scale > 0 && abs(shear.x) < 90 && abs(shear.y) < 90,
      "Affine: scale \(scale) must be above 0, shear \(shear) below 90 degrees")
    let (sine, cosine) = ExactMath.sineAndCosine(degrees: degrees)
    let (alongX, alongY) = (Self.tangent(shear.x), Self.tangent(shear.y))
    let (a, d) = (scale * (cosine + sine * alongY), scale * (sine - cosine * alongY))
    let (b, e) = (-a * alongX - scale * sine, -d * alongX + scale * cosine)
    let (x, y) = (Double(size.width) / 2, Double(size.height) / 2)
    self.init(
      a, b, x - a * x - b * y + shift.x,
      d, e, y - d * x - e * y + shift.y)
  }

  public func callAsFunction(_ point: SIMD2<Double>) -> SIMD2<Double> {
    SIMD2(a * point.x + b * point.y + c, d * point.x + e * point.y + f)
  }

  /// This map after `first`.
  public func after(_ first: Affine) -> Affine {
    Affine(
      a * first.a + b * first.d, a * first.b + b * first.e, a * first.c + b * first.f + c,
      d * first.a + e * first.d, d * first.b + e * first.e, d * first.c + e * first.f + f)
  }

  /// Precondition: the map does not flatten the plane.
  public var inverse: Affine {
    let area = a * e - b * d
    precondition(area != 0 && area.isFinite, "Affine.inverse: \(self) has no inverse")
    return Affine(
      e / area, -b / area, (b * f - e * c) / area,
      -d / area, a / area, (d * c - a * f) / area)
  }

  private static func tangent(_ degrees: Double) -> Double {
    let (sine, cosine) = ExactMath.sineAndCosine(degrees: degrees)
    return sine / cosine
  }
}

/// Random turns, shifts, scales and shears, each uniform in its range.
public struct RandomAffine: Hashable, Sendable {
  /// Turned clockwise.
  public var degrees: ClosedRange<Float> = 0...0
  /// Largest shift either way, as a fraction of width and height.
  public var shift: SIMD2<Float> = .zero
  public var scale: ClosedRange<Float> = 1...1
  /// Degrees by which vertical, then horizontal lines lean.
  public var shearX: ClosedRange<Float> = 0...0
  public var shearY: ClosedRange<Float> = 0...0

  /// Preconditions: scales in 0.25 … 4, shears in −60 … 60.
  public init(
    degrees: ClosedRange<Float> = 0...0, shift: SIMD2<Float> = .zero,
    scale: ClosedRange<Float> = 1...1, shearX: ClosedRange<Float> = 0...0,
    shearY: ClosedRange<Float> = 0...0
  ) {
    precondition(
      scale.lowerBound >= 0.25 && scale.upperBound <= 4 && shift.x >= 0 && shift.y >= 0
        && [shearX, shearY].allSatisfy { $0.lowerBound >= -60 && $0.upperBound <= 60 },
      "RandomAffine: scale \(scale) in 0.25 … 4, shears \(shearX), \(shearY) in −60 … 60, "
        + "shift \(shift) at least 0")
    self.degrees = degrees
    self.shift = shift
    self.scale = scale
    self.shearX = shearX
    self.shearY = shearY
  }

  /// The map this key draws for pictures of `size`.
  public func callAsFunction(_ size: ImageSize, key: RandomKey) -> Affine {
    Affine(
      about: size, degrees: Double(key.uniform(0, in: degrees)),
      shift: SIMD2(
        Double(key.uniform(1, in: -shift.x...shift.x)) * Double(size.width),
        Double(key.uniform(2, in: -shift.y...shift.y)) * Double(size.height)),
      scale: Double(key.uniform(3, in: scale)),
      shear: SIMD2(
        Double(key.uniform(4, in: shearX)), Double(key.uniform(5, in: shearY))))
  }
}
