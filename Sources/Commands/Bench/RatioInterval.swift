import Foundation

/// The typical ratio of pairs of measurements and its 95 % interval, by Student's t on logarithms.
package struct RatioInterval: Sendable {
  package let ratio: Double
  package let low: Double
  package let high: Double

  /// `ratios`: At least two, above 0.
  package init(_ ratios: [Double]) {
    precondition(ratios.count >= 2, "RatioInterval: \(ratios.count) ratios")
    let logs = ratios.map { log($0) }
    let count = Double(logs.count)
    let mean = logs.reduce(0, +) / count
    let variance = logs.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (count - 1)
    let half = Self.quantile(freedom: logs.count - 1) * (variance / count).squareRoot()
    (ratio, low, high) = (exp(mean), exp(mean - half), exp(mean + half))
  }

  /// The 97.5 % quantile of Student's t; beyond the table it is the last, which is a little wide.
  private static func quantile(freedom: Int) -> Double {
    let table = [
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
      2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    ]
    return table[min(freedom, table.count) - 1]
  }
}
