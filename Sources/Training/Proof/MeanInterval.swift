/// The mean of some measurements, how they scatter, and the 95 % interval of the mean by Student's t.
package struct MeanInterval: Sendable, Equatable {
  package let mean: Double
  /// Of the sample, n − 1; nil for a single value.
  package let deviation: Double?
  /// Half of the interval's width; nil for a single value.
  package let half: Double?

  /// Precondition: at least one value.
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "MeanInterval: no values")
    let count = Double(values.count)
    // Around the first, so that equal values have that mean and no deviation at all.
    let mean = values[0] + values.map { $0 - values[0] }.reduce(0, +) / count
    self.mean = mean
    guard values.count >= 2 else {
      (deviation, half) = (nil, nil)
      return
    }
    let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (count - 1)
    deviation = variance.squareRoot()
    half = Self.quantile(freedom: values.count - 1) * (variance / count).squareRoot()
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
