import Tensors

/// The grid of patches that a position embedding was declared for.
struct PatchGrid: Sendable {
  let rows: Int
  let columns: Int

  var count: Int { rows * columns }

  /// Precondition: `patch` divides both sides.
  init(_ imageSize: (height: Int, width: Int), patch: Int) {
    precondition(
      imageSize.height % patch == 0 && imageSize.width % patch == 0,
      "VisionTransformer: patches of \(patch) in \(imageSize)")
    rows = imageSize.height / patch
    columns = imageSize.width / patch
  }

  /// The embedding for another grid, resampled bicubically; tokens before the patches' stay.
  ///
  /// Shapes: `all` [first + count, width] → [first + seen rows · seen columns, width].
  func positions(_ all: Tensor, for seen: [Int]) -> Tensor {
    if seen == [rows, columns] { return all }
    let (total, width) = (all.shape[0], all.shape[1])
    let first = total - count
    let map = all.rows(first..<total).reshaped([1, rows, columns, width])
    let resampled = resize(map, to: seen, mode: .bicubic(alignCorners: false))
      .reshaped([seen[0] * seen[1], width])
    return first == 0 ? resampled : concatenated([all.rows(0..<first), resampled])
  }
}
