/// Round numbers along an axis, and where they stand.
package struct ChartAxis {
  package let low: Double
  package let high: Double
  package let step: Double
  private let decimals: Int

  /// `wanted` is about how many numbers the axis has room for.
  package init(covering values: some Sequence<Double>, wanted: Int) {
    let finite = values.filter(\.isFinite)
    let (least, most) = (finite.min() ?? 0, finite.max() ?? 1)
    let spread = most > least ? most - least : max(abs(most), 1)
    var power = 1.0
    var decimals = 0
    while power * Double(wanted) > spread && decimals < 12 {
      power /= 10
      decimals += 1
    }
    while power * 10 * Double(wanted) <= spread { power *= 10 }
    let step = [1.0, 2, 5, 10].map { $0 * power }.first { spread / $0 <= Double(wanted) }
    self.step = step ?? 10 * power
    self.decimals = self.step >= power * 9.5 ? max(0, decimals - 1) : decimals
    low = (least / self.step).rounded(.down) * self.step
    high = max((most / self.step).rounded(.up) * self.step, low + self.step)
  }

  package var ticks: [Double] {
    let count = Int(((high - low) / step).rounded())
    return (0...min(count, 50)).map { low + Double($0) * step }
  }

  /// 0 at the axis's low end, 1 at its high end.
  package func position(of value: Double) -> Float { Float((value - low) / (high - low)) }

  package func text(_ value: Double) -> String {
    guard abs(value) < 1e15 else { return "\(value)" }
    var unit = 1.0
    for _ in 0..<decimals { unit *= 10 }
    let scaled = Int((value * unit).rounded())
    let sign = scaled < 0 ? "-" : ""
    guard decimals > 0 else { return "\(scaled)" }
    let digits = String(abs(scaled))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }
}
