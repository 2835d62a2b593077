import Tensors

/// How far each channel is from its map's mean spatial feature M, the mean over channels (eq. 1, 2):
/// R[i, c] = meanᵣ (F_i[r, c] − M_i[r])². Of prototypes it is the intra score, of queries the query
/// score (eq. 8).
///
/// Shapes: maps [n, r, d] → [n, d].
package func intraScores(_ maps: Tensor) -> Tensor {
  square(maps - maps.mean(axes: [2], keep: true)).mean(axes: [1])
}

/// How far each channel is from the nearest mean spatial feature of another class (eq. 3):
/// R[i, c] = min over j ≠ i of meanᵣ (F_i[r, c] − M_j[r])², each channel with a j of its own.
///
/// Shapes: prototypes [way, r, d] → [way, d]. Precondition: way ≥ 2.
package func interScores(_ prototypes: Tensor) -> Tensor {
  let (way, places) = (prototypes.shape[0], prototypes.shape[1])
  precondition(way >= 2, "interScores: \(way) classes")
  let means = prototypes.mean(axes: [2]).reshaped([1, way, places, 1])
  let pairs = prototypes.expanded(axis: 1).broadcast(to: [way, way] + prototypes.shape.dropFirst())
  let scores = square(pairs - means).mean(axes: [2])  // [way, way, d]
  // The own class is out of the question; adding 0 changes no other.
  let own = identity(way).expanded(axis: 2) * Float.greatestFiniteMagnitude
  return (scores + own).min(axis: 1)
}

/// Shapes: → [n, n].
func identity(_ size: Int) -> Tensor { oneHot(IntTensor((0..<size).map { Int32($0) }), size) }
