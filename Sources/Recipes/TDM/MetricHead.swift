import Layers
import Tensors

/// How far queries are from classes, one channel at a time, so that weights can come between.
package protocol MetricHead: Sendable {
  /// s, learned.
  var scale: Parameter { get }

  /// Σ over channels of these is the distance.
  ///
  /// Shapes: supports [way, shot, r, d], queries [n, r, d] → [n, way, d].
  func channelDistances(supports: Tensor, queries: Tensor) throws -> Tensor
}

/// Σ_c w² D_c, which is the distance of weighted features; without weights Σ_c D_c.
///
/// Shapes: [n, way, d] → [n, way].
package func weightedDistances(_ channelDistances: Tensor, weights: Tensor?) -> Tensor {
  guard let weights else { return channelDistances.sum(axes: [2]) }
  return (square(weights) * channelDistances).sum(axes: [2])
}

/// F_i, the mean of a class's supports: [way, shot, r, d] → [way, r, d].
package func prototypes(of supports: Tensor) -> Tensor { supports.mean(axes: [1]) }
