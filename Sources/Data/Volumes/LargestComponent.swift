import Tensors

extension ByteTensor {
  /// 1 in the largest connected part of what is not 0; voxels that share a face, an edge or a corner
  /// are connected. Of several equally large ones the first in the order of voxels.
  ///
  /// Shapes: [a, b, c] → [a, b, c].
  public func largestComponent() -> ByteTensor {
    precondition(shape.count == 3, "largestComponent: shape \(shape)")
    var seen = withUnsafeElements { $0.map { $0 == 0 } }
    var (largest, part): ([Int], [Int]) = ([], [])
    for start in seen.indices where !seen[start] {
      part = [start]
      seen[start] = true
      var next = 0
      while next < part.count {
        forNeighbours(of: part[next]) { neighbour in
          guard !seen[neighbour] else { return }
          seen[neighbour] = true
          part.append(neighbour)
        }
        next += 1
      }
      if part.count > largest.count { swap(&largest, &part) }
    }
    return ByteTensor(shape: shape) { out in
      out.update(repeating: 0)
      for index in largest { out[index] = 1 }
    }
  }

  private func forNeighbours(of index: Int, _ body: (Int) -> Void) {
    let (rows, columns) = (shape[1], shape[2])
    let (i, j, k) = (index / (rows * columns), index / columns % rows, index % columns)
    for x in max(0, i - 1)...min(shape[0] - 1, i + 1) {
      for y in max(0, j - 1)...min(rows - 1, j + 1) {
        for z in max(0, k - 1)...min(columns - 1, k + 1) { body((x * rows + y) * columns + z) }
      }
    }
  }
}
