/// Exponential, logarithm, sine and cosine in plain additions and multiplications: libm's bits depend on its
/// version and the processor, and an augmentation drawn with them would too.
package enum ExactMath {
  /// eˣ to about 1e-15, for |x| ≤ 700.
  package static func exp(_ x: Double) -> Double {
    let power = (x * 1.4426950408889634).rounded()
    let rest = x - power * 0.6931471805599453
    var term = 1.0
    var sum = 1.0
    for n in 1...18 {
      term *= rest / Double(n)
      sum += term
    }
    return Double(sign: .plus, exponent: Int(power), significand: sum)
  }

  /// The natural logarithm to about 1e-15. Precondition: x is positive and finite.
  package static func log(_ x: Double) -> Double {
    precondition(x > 0 && x.isFinite, "ExactMath.log: \(x)")
    // ln m = 2·artanh((m − 1)/(m + 1)), with m in [1, 2).
    let ratio = (x.significand - 1) / (x.significand + 1)
    var power = ratio
    var sum = 0.0
    for n in stride(from: 1, through: 41, by: 2) {
      sum += power / Double(n)
      power *= ratio * ratio
    }
    return 2 * sum + Double(x.exponent) * 0.6931471805599453
  }

  /// The sine and cosine of an angle in degrees to about 1e-15, exact for quarter turns.
  ///
  /// Precondition: |degrees| is at most 1e6.
  package static func sineAndCosine(degrees: Double) -> (sine: Double, cosine: Double) {
    precondition(abs(degrees) <= 1e6, "ExactMath.sineAndCosine: \(degrees) degrees")
    let quarters = (degrees / 90).rounded()
    let angle = (degrees - 90 * quarters) * 0.017453292519943295
    var (sine, cosine) = (angle, 1.0)
    var (sineTerm, cosineTerm) = (angle, 1.0)
    for n in stride(from: 1.0, through: 17, by: 2) {
      cosineTerm *= -angle * angle / (n * (n + 1))
      sineTerm *= -angle * angle / ((n + 1) * (n + 2))
      cosine += cosineTerm
      sine += sineTerm
    }
    switch (Int(quarters) % 4 + 4) % 4 {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
  }
}
