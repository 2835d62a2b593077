import Foundation
import Training

/// The typical ratio of pairs of measurements and its 95 % interval, by Student's t on logarithms.
package struct RatioInterval: Sendable {
  package let ratio: Double
  package let low: Double
  package let high: Double

  /// `ratios`: At least two, above 0.
  package init(_ ratios: [Double]) {
    precondition(ratios.count >= 2, "RatioInterval: \(ratios.count) ratios")
    let logs = MeanInterval(ratios.map { log($0) })
    let half = logs.half ?? 0
    (ratio, low, high) = (exp(logs.mean), exp(logs.mean - half), exp(logs.mean + half))
  }
}
