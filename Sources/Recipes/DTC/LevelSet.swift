import Data
import Tensors
import Training

/// What the level set of a crop without foreground is.
package enum EmptyTarget: String, OptionChoice {
  /// +1 everywhere: all of it lies outside.
  case outside
  /// 0 everywhere, as in the paper's code: all of it lies on the boundary.
  case zero
}

/// T(y), the signed distance of each voxel to the object's boundary, normalised by the crop's own
/// maxima: 1 at the farthest voxel outside, 0 on the boundary's inner side, −1 at the deepest inside.
///
/// T = d_out / max d_out − d_in / max d_in, d_in a foreground voxel's distance to the nearest
/// background voxel, d_out the converse; 0 for foreground voxels that have one of their six neighbours
/// in the background. Of a crop that is all foreground −1, and 0 at the crop's border.
///
/// Shapes: [a, b, c] of 0 and 1 → [a, b, c].
package func levelSet(of mask: ByteTensor, empty: EmptyTarget = .outside) -> Tensor {
  let (inside, voxels) = (mask.withUnsafeElements { $0.count { $0 != 0 } }, mask.count)
  guard inside > 0 else {
    return Tensor(repeating: empty == .outside ? 1 : 0, shape: mask.shape)
  }
  let boundary = mask.surface(border: inside == voxels).elements
  guard inside < voxels else {
    return Tensor(boundary.map { $0 == 1 ? 0 : -1 }, shape: mask.shape)
  }
  let background = ByteTensor(mask.elements.map { $0 == 0 ? 1 : 0 }, shape: mask.shape)
  let (toObject, toBackground) = (
    mask.squaredDistances().elements, background.squaredDistances().elements
  )
  let outer = Double(toObject.max() ?? 1).squareRoot()
  let inner = Double(toBackground.max() ?? 1).squareRoot()
  return Tensor(shape: mask.shape) { out in
    for voxel in out.indices {
      // A voxel is on one side, so that the other side's distance is 0.
      let outside = Double(toObject[voxel]).squareRoot() / outer
      let depth = Double(toBackground[voxel]).squareRoot() / inner
      out[voxel] = boundary[voxel] == 1 ? 0 : Float(outside - depth)
    }
  }
}

/// T⁻¹(z) = σ(−k z): the level set as a soft mask, 0.5 on the boundary.
///
/// k is so steep that beyond |z| of about 0.01 inside and 0.07 outside the gradient is 0 in float32.
package func softMask(_ levelSet: Tensor, steepness: Float) -> Tensor {
  sigmoid(levelSet * -steepness)
}
