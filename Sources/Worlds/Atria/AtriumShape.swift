import Tensors

/// A smooth body with one or two veins, star-shaped about its centre: in each direction it reaches
/// so far.
struct AtriumShape {
  /// A straight tube with a round end, from the centre outwards.
  private struct Vein {
    let direction: SIMD3<Double>
    let length: Double
    let radius: Double

    /// How far the tube reaches along a unit vector.
    func reach(_ unit: SIMD3<Double>) -> Double {
      let along = (unit * direction).sum()
      let across = max(0, 1 - along * along)
      guard along > 0 else { return radius }
      // Through the side of the tube, unless the end is nearer.
      let side = across > 0 ? radius / across.squareRoot() : .infinity
      guard side * along > length else { return side }
      return length * along + max(0, radius * radius - length * length * across).squareRoot()
    }
  }

  private let center: SIMD3<Double>
  /// Of the harmonics of order 1 to 3.
  private let amplitudes: [Double]
  private let veins: [Vein]

  init(sides: [Int], key: RandomKey) {
    let draw = { (purpose: String, index: Int, range: ClosedRange<Float>) in
      Double(key.derived(purpose).uniform(index, in: range))
    }
    center = SIMD3((0..<3).map { Double(sides[$0]) * draw("center", $0, 0.42...0.58) })
    // Higher orders are smaller: 3, 5 and 7 harmonics.
    amplitudes = (0..<15).map { index in
      draw("harmonics", index, -1...1) * (index < 3 ? 0.18 : index < 8 ? 0.14 : 0.08)
    }
    veins = (0..<1 + key.derived("veins").integer(0, below: 2)).map { index in
      let key = key.derived("vein").derived(index)
      return Vein(
        direction: randomUnit(key), length: Double(key.uniform(10, in: 1.3...1.9)),
        radius: Double(key.uniform(11, in: 0.22...0.34)))
    }
  }

  /// By what the body would have to be scaled for the point to lie on its boundary.
  func scale(at point: SIMD3<Double>) -> Double {
    let offset = point - center
    let distance = (offset * offset).sum().squareRoot()
    guard distance > 0 else { return 0 }
    let unit = offset / distance
    return distance / veins.reduce(radius(unit)) { max($0, $1.reach(unit)) }
  }

  /// 1 and what real spherical harmonics, as polynomials of a unit vector, add to it.
  private func radius(_ u: SIMD3<Double>) -> Double {
    let (x, y, z) = (u.x, u.y, u.z)
    let first = amplitudes[0] * x + amplitudes[1] * y + amplitudes[2] * z
    let second =
      amplitudes[3] * 2 * x * y + amplitudes[4] * 2 * y * z + amplitudes[5] * 2 * x * z
      + amplitudes[6] * (x * x - y * y) + amplitudes[7] * (1.5 * z * z - 0.5)
    let third =
      amplitudes[8] * 5 * x * y * z + amplitudes[9] * 2.5 * z * (x * x - y * y)
      + amplitudes[10] * x * (x * x - 3 * y * y) + amplitudes[11] * y * (3 * x * x - y * y)
    let rest =
      amplitudes[12] * x * (5 * z * z - 1) + amplitudes[13] * y * (5 * z * z - 1)
      + amplitudes[14] * z * (2.5 * z * z - 1.5)
    return max(0.3, 1 + first + second + third + rest)
  }
}

/// Uniform over the sphere: a point of the cube, drawn again while it lies outside the ball.
func randomUnit(_ key: RandomKey) -> SIMD3<Double> {
  var attempt = 0
  while true {
    let own = key.derived("unit").derived(attempt)
    let point = SIMD3((0..<3).map { Double(own.uniform($0, in: -1...1)) })
    let square = (point * point).sum()
    if square > 0.01, square <= 1 { return point / square.squareRoot() }
    attempt += 1
  }
}
