import Collectives
import Data
import Tensors

/// How well one volume's predicted mask P covers the true one G.
///
/// A surface is a mask without its erosion by the cross of six neighbours; distances are in voxels. An
/// empty prediction has 0 everywhere, as the paper's code counts it, which flatters its distances:
/// `isEmpty` says so.
package struct VolumeScores: Sendable, Equatable {
  /// 2 |P ∩ G| / (|P| + |G|).
  package private(set) var dice = 0.0
  /// |P ∩ G| / |P ∪ G|.
  package private(set) var jaccard = 0.0
  /// The 95th percentile of distances from P's surface to G's and from G's to P's, pooled.
  package private(set) var hausdorff95 = 0.0
  /// The mean distance from P's surface to G's; not the converse.
  package private(set) var surfaceDistance = 0.0
  package let isEmpty: Bool

  /// Shapes: [a, b, c] both, of 0 and 1. Precondition: `truth` is not empty.
  package init(prediction: ByteTensor, truth: ByteTensor) {
    precondition(
      prediction.shape == truth.shape, "VolumeScores: \(prediction.shape), \(truth.shape)")
    var (both, predicted, true_) = (0, 0, 0)
    prediction.withUnsafeElements { p in
      truth.withUnsafeElements { g in
        for voxel in p.indices {
          predicted += p[voxel] != 0 ? 1 : 0
          true_ += g[voxel] != 0 ? 1 : 0
          both += p[voxel] != 0 && g[voxel] != 0 ? 1 : 0
        }
      }
    }
    precondition(true_ > 0, "VolumeScores: the truth is empty")
    isEmpty = predicted == 0
    guard predicted > 0 else { return }
    dice = Double(2 * both) / Double(predicted + true_)
    jaccard = Double(both) / Double(predicted + true_ - both)
    let (own, other) = (prediction.surface(border: true), truth.surface(border: true))
    let there = Self.distances(from: own, to: other)
    surfaceDistance = there.reduce(0, +) / Double(there.count)
    hausdorff95 = Self.percentile(95, of: there + Self.distances(from: other, to: own))
  }

  /// Of each voxel of one surface to the nearest of the other, in the order of voxels.
  private static func distances(from surface: ByteTensor, to other: ByteTensor) -> [Double] {
    let squares = other.squaredDistances()
    return squares.withUnsafeElements { squares in
      surface.withUnsafeElements { mask in
        mask.indices.filter { mask[$0] != 0 }.map { Double(squares[$0]).squareRoot() }
      }
    }
  }

  /// Between two ranks by their distance, as NumPy's.
  package static func percentile(_ percent: Double, of values: [Double]) -> Double {
    let sorted = values.sorted()
    let place = percent / 100 * Double(sorted.count - 1)
    let low = Int(place)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
  }
}

/// Sums over volumes; those of replicas add up.
package struct VolumeTally: Sendable {
  private var sums = [Double](repeating: 0, count: 6)

  package init() {}

  package mutating func add(_ scores: VolumeScores) {
    let own = [
      1, scores.dice, scores.jaccard, scores.hausdorff95, scores.surfaceDistance,
      scores.isEmpty ? 1 : 0,
    ]
    for index in sums.indices { sums[index] += own[index] }
  }

  package func summed(over exchange: any Exchange) throws -> VolumeTally {
    var all = self
    all.sums = try exchange.sum(sums)
    return all
  }

  private func mean(_ index: Int) -> Double { sums[0] > 0 ? sums[index] / sums[0] : 0 }

  package var dice: Double { mean(1) }
  package var jaccard: Double { mean(2) }
  package var hausdorff95: Double { mean(3) }
  package var surfaceDistance: Double { mean(4) }
  /// Volumes in which nothing was found.
  package var emptyPredictions: Double { sums[5] }
}
