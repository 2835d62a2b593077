/// Count, mean and sum of squared deviations of each channel over all other axes, in float64: what
/// replicas merge into the statistics of a global batch.
public struct ChannelMoments: Sendable, Equatable {
  public var count: Int
  public var mean: [Double]
  public var squaredDeviations: [Double]

  public init(count: Int, mean: [Double], squaredDeviations: [Double]) {
    precondition(
      mean.count == squaredDeviations.count,
      "ChannelMoments: \(mean.count) means, \(squaredDeviations.count) sums of squares")
    self.count = count
    self.mean = mean
    self.squaredDeviations = squaredDeviations
  }

  /// Of `x` [..., C].
  public init(of x: Tensor) {
    precondition(x.rank >= 1, "ChannelMoments: shape \(x.shape) has no channels")
    let plain = x.contiguous().detached
    count = x.count / max(1, x.shape[x.rank - 1])
    (mean, squaredDeviations) = plain.backend.channelMoments(plain, groups: 1)
  }

  /// Those of both sets of rows (Chan et al. 1979). Rounding depends on the order of merging.
  public func merged(with other: Self) -> Self {
    precondition(
      mean.count == other.mean.count,
      "ChannelMoments: \(mean.count) and \(other.mean.count) channels")
    guard other.count > 0 else { return self }
    guard count > 0 else { return other }
    var result = self
    result.count += other.count
    let share = Double(other.count) / Double(result.count)
    for channel in mean.indices {
      let distance = other.mean[channel] - mean[channel]
      result.mean[channel] += distance * share
      result.squaredDeviations[channel] +=
        other.squaredDeviations[channel] + distance * distance * Double(count) * share
    }
    return result
  }

  /// The mean square deviation; 0 where there is nothing.
  public var variance: [Double] { squaredDeviations.map { $0 / Double(max(1, count)) } }

  /// The variance of the population the rows were drawn from, as running statistics keep it.
  public var unbiasedVariance: [Double] { squaredDeviations.map { $0 / Double(max(1, count - 1)) } }
}
