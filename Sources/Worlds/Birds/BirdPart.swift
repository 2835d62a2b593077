import Tensors

/// A painted piece of a bird, in the bird's own frame and units.
struct BirdPart {
  indirect enum Outline {
    /// Middle, radii, the direction of the first radius.
    case ellipse(SIMD2<Float>, SIMD2<Float>, SIMD2<Float>)
    /// From a to b, with a radius at each.
    case taper(SIMD2<Float>, Float, SIMD2<Float>, Float)
    /// What two outlines have in common.
    case common(Outline, Outline)
  }

  let outline: Outline
  let paint: SIMD3<Float>
  /// Light from above: how much darker the part is a unit further down.
  private let shade: Float

  init(_ outline: Outline, _ paint: SIMD3<Float>, shade: Float = 0) {
    self.outline = outline
    self.paint = paint
    self.shade = shade
  }

  /// How far inside a point is, about; negative outside.
  func depth(_ point: SIMD2<Float>) -> Float { outline.depth(point) }

  func painted(
    over color: SIMD3<Float>, at point: SIMD2<Float>, scale: Float
  ) -> SIMD3<Float> {
    let cover = max(0, min(1, depth(point) * scale + 0.5))
    return color + cover * (paint * (1 - shade * point.y) - color)
  }

  /// The parts from back to front. Pose and plumage are chance; the rest is the kind's.
  static func all(of kind: BirdKind, key: RandomKey) -> [BirdPart] {
    let plumage = SIMD3(
      key.uniform(0, in: 70...200), key.uniform(1, in: 70...200), key.uniform(2, in: 70...200))
    let wing = plumage * key.uniform(3, in: 0.55...0.75)
    let head = plumage * key.uniform(4, in: 0.85...1.15)
    let tailEnd = SIMD2<Float>(-0.93, key.uniform(5, in: -0.02...0.3))
    let headPlace = SIMD2<Float>(0.40, key.uniform(6, in: -0.36 ... -0.24))
    let wingSine = key.uniform(7, in: -0.35...0.1)
    let wingDirection = SIMD2((1 - wingSine * wingSine).squareRoot(), wingSine)
    let dark = SIMD3<Float>(38, 34, 34)

    let tail = Outline.taper([-0.36, 0.03], 0.10, tailEnd, 0.13)
    var parts = [BirdPart(tail, wing, shade: 0.2)]
    if let color = kind.tailTip.paint {
      let tip = tailEnd * 0.92
      parts.append(BirdPart(.common(tail, .ellipse(tip, [0.17, 0.3], [1, 0])), color))
    }
    for x in [-0.04, 0.1] as [Float] {
      parts.append(BirdPart(.taper([x, 0.22], 0.022, [x - 0.03, 0.5], 0.022), dark))
    }
    parts.append(BirdPart(.ellipse([0, 0], [0.48, 0.30], [0.985, -0.174]), plumage, shade: 0.5))
    let wingPlace = SIMD2<Float>(-0.08, 0)
    let wingOutline = Outline.ellipse(wingPlace, [0.34, 0.18], wingDirection)
    parts.append(BirdPart(wingOutline, wing, shade: 0.3))
    if let color = kind.wingBar.paint {
      let across = SIMD2(-wingDirection.y, wingDirection.x)
      let bar = Outline.taper(
        wingPlace - 0.3 * across + 0.04 * wingDirection, 0.058,
        wingPlace + 0.3 * across + 0.04 * wingDirection, 0.058)
      parts.append(BirdPart(.common(wingOutline, bar), color))
    }
    parts.append(BirdPart(.ellipse(headPlace, [0.22, 0.20], [1, 0]), head, shade: 0.2))
    let beak = headPlace + SIMD2(0.16, 0.03)
    parts.append(
      BirdPart(
        .taper(beak, 0.075, beak + SIMD2(kind.beakLength.reach, 0.05), 0.012),
        kind.beakColor.paint))
    let eye = headPlace + SIMD2<Float>(0.05, -0.04)
    if let color = kind.eyeRing.paint {
      parts.append(BirdPart(.ellipse(eye, [0.105, 0.105], [1, 0]), color))
    }
    parts.append(BirdPart(.ellipse(eye, [0.042, 0.042], [1, 0]), [12, 12, 14]))
    return parts
  }
}

extension BirdPart.Outline {
  func depth(_ point: SIMD2<Float>) -> Float {
    switch self {
    case .ellipse(let middle, let radii, let direction):
      let offset = point - middle
      let turned = SIMD2(
        direction.x * offset.x + direction.y * offset.y,
        direction.x * offset.y - direction.y * offset.x)
      let scaled = turned / radii
      return (1 - (scaled * scaled).sum().squareRoot()) * radii.min()
    case .taper(let a, let first, let b, let last):
      let (along, offset) = (b - a, point - a)
      let t = max(0, min(1, (along * offset).sum() / (along * along).sum()))
      let distance = offset - t * along
      return first + t * (last - first) - (distance * distance).sum().squareRoot()
    case .common(let a, let b): return min(a.depth(point), b.depth(point))
    }
  }
}

extension BirdKind.BeakLength {
  /// How far the beak stands out of the head.
  fileprivate var reach: Float {
    switch self {
    case .medium: 0.25
    case .short: 0.13
    case .long: 0.46
    }
  }
}

extension BirdKind.BeakColor {
  fileprivate var paint: SIMD3<Float> {
    switch self {
    case .dark: [46, 42, 40]
    case .yellow: [236, 200, 40]
    case .red: [208, 44, 38]
    }
  }
}

extension BirdKind.EyeRing {
  fileprivate var paint: SIMD3<Float>? {
    switch self {
    case .none: nil
    case .white: [244, 244, 240]
    case .orange: [240, 134, 22]
    }
  }
}

extension BirdKind.WingBar {
  fileprivate var paint: SIMD3<Float>? {
    switch self {
    case .none: nil
    case .white: [242, 242, 238]
    case .yellow: [238, 206, 52]
    }
  }
}

extension BirdKind.TailTip {
  fileprivate var paint: SIMD3<Float>? {
    switch self {
    case .none: nil
    case .white: [244, 244, 240]
    case .black: [18, 18, 20]
    }
  }
}
