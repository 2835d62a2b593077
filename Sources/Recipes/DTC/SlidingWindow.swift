import Data
import Tensors

/// A network that sees patches, moved over a whole volume; where windows overlap, their mean counts.
package struct SlidingWindow: Sendable {
  /// Three sides each.
  package let patch: [Int]
  package let stride: [Int]

  /// Precondition: 1 ≤ stride ≤ patch, so that every voxel is seen.
  package init(patch: [Int], stride: [Int]) {
    precondition(
      patch.count == 3 && stride.count == 3
        && zip(patch, stride).allSatisfy { $1 >= 1 && $1 <= $0 },
      "SlidingWindow: patch \(patch), stride \(stride)")
    self.patch = patch
    self.stride = stride
  }

  /// Where windows begin along each axis: ⌈(side − patch) / stride⌉ + 1 places, the last one moved
  /// back to the border. A volume smaller than the patch lies in its middle: its window begins
  /// before it.
  package func starts(_ sides: [Int]) -> [[Int]] {
    (0..<3).map { axis in
      let room = sides[axis] - patch[axis]
      guard room > 0 else { return [-(-room / 2)] }
      return (0...(room + stride[axis] - 1) / stride[axis]).map { min($0 * stride[axis], room) }
    }
  }

  /// Shapes: volume [a, b, c], `network` [1, patch, 1] → [1, patch, 1]; → [a, b, c].
  package func callAsFunction(
    _ volume: Tensor, _ network: (Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    let sides = volume.shape
    var (sums, counts) = (
      [Float](repeating: 0, count: volume.count), [Float](repeating: 0, count: volume.count)
    )
    let starts = starts(sides)
    for x in starts[0] {
      for y in starts[1] {
        for z in starts[2] {
          let place = [x, y, z]
          let view = VolumeTransform(
            source: sides, size: patch, axes: [0, 1, 2], flipped: [false, false, false],
            offset: place)
          let result = try network(view(volume).reshaped([1] + patch + [1]))
          add(result, at: place, sides, to: &sums, &counts)
        }
      }
    }
    for voxel in sums.indices { sums[voxel] /= counts[voxel] }
    return Tensor(sums, shape: sides)
  }

  private func add(
    _ result: Tensor, at place: [Int], _ sides: [Int], to sums: inout [Float],
    _ counts: inout [Float]
  ) {
    let inside = (0..<3).map { axis in
      max(0, -place[axis])..<min(patch[axis], sides[axis] - place[axis])
    }
    result.withUnsafeElements { values in
      for i in inside[0] {
        for j in inside[1] {
          let line = ((place[0] + i) * sides[1] + place[1] + j) * sides[2] + place[2]
          let own = (i * patch[1] + j) * patch[2]
          for k in inside[2] {
            sums[line + k] += values[own + k]
            counts[line + k] += 1
          }
        }
      }
    }
  }
}
