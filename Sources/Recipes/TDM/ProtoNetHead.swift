import Layers
import Tensors

/// Squared distances to the mean of each class (Snell et al. 2017), divided by the number of
/// features: 1600 of conv4's maps, 640 of resnet12's means over the map.
package struct ProtoNetHead: MetricHead {
  package let scale: Parameter
  private let isPooled: Bool

  /// `isPooled`: Compares means over the map instead of places with places.
  package init(isPooled: Bool, in scope: inout Scope) {
    scale = scope.parameter("scale", [1], .ones)
    self.isPooled = isPooled
  }

  package func channelDistances(supports: Tensor, queries: Tensor) -> Tensor {
    let classes = prototypes(of: supports)  // [way, r, d]
    let (places, channels) = (classes.shape[1], classes.shape[2])
    guard !isPooled else {
      let shape = [queries.shape[0], classes.shape[0], channels]
      let means = queries.mean(axes: [1]).expanded(axis: 1).broadcast(to: shape)
      return square(means - classes.mean(axes: [1]).expanded(axis: 0)) / Float(channels)
    }
    // Σᵣ (F − G)² = Σ F² + Σ G² − 2 Σ F G: no tensor of all pairs, places and channels.
    let products = matmul(
      queries.permuted([2, 0, 1]), classes.permuted([2, 1, 0])
    ).permuted([1, 2, 0])  // [n, way, d]
    let distances =
      -2 * products + square(queries).sum(axes: [1]).expanded(axis: 1)
      + square(classes).sum(axes: [1]).expanded(axis: 0)
    return distances / Float(places * channels)
  }
}
