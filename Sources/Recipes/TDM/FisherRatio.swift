import Data
import Tensors

/// How well each channel tells classes apart: the variance between the classes' means over the mean
/// variance within them, of the features' means over their map. 0 for a channel that never varies.
///
/// Shapes: maps [n, r, d] → d numbers.
package func fisherRatios(of maps: Tensor, classes: EpisodeClasses) -> [Double] {
  let features = maps.mean(axes: [1])  // [n, d]
  let moments = classes.images.filter { !$0.isEmpty }.map { images in
    ChannelMoments(of: features.gatherRows(IntTensor(images.map { Int32($0) })))
  }
  guard !moments.isEmpty else { return Array(repeating: 0, count: features.shape[1]) }
  let count = Double(moments.count)
  return (0..<features.shape[1]).map { channel in
    let mean = moments.reduce(0) { $0 + $1.mean[channel] } / count
    let between = moments.reduce(0) { sum, own in
      sum + (own.mean[channel] - mean) * (own.mean[channel] - mean)
    }
    let within = moments.reduce(0) { $0 + $1.variance[channel] }
    return within > 0 ? between / within : 0
  }
}

/// Spearman's coefficient: the correlation of ranks, equal values sharing the mean of theirs. 0 where
/// one side is all equal.
package func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "rankCorrelation: \(a.count) and \(b.count) values")
  let (x, y) = (ranks(of: a), ranks(of: b))
  let middle = Double(a.count - 1) / 2
  var (products, squaresX, squaresY) = (0.0, 0.0, 0.0)
  for (first, second) in zip(x, y) {
    products += (first - middle) * (second - middle)
    squaresX += (first - middle) * (first - middle)
    squaresY += (second - middle) * (second - middle)
  }
  let size = (squaresX * squaresY).squareRoot()
  return size > 0 ? products / size : 0
}

private func ranks(of values: [Double]) -> [Double] {
  let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
    start = end
  }
  return ranks
}
