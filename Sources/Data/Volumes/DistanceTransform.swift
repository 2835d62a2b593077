import Tensors

extension ByteTensor {
  /// The exact squared Euclidean distance, in voxels, of each voxel to the nearest one that is not 0;
  /// `Int.max` where the mask has none.
  ///
  /// Axis by axis, each line the lower envelope of the parabolas that stand on its voxels
  /// (Felzenszwalb and Huttenlocher 2012): O(voxels). Sums and squares are whole numbers, and where
  /// two parabolas meet is at least 1/(2·side) from a voxel or exactly on it, so that float64 decides
  /// every case rightly.
  ///
  /// Shapes: [a, b, c] → [a, b, c].
  public func squaredDistances() -> Elements<Int> {
    precondition(shape.count == 3, "squaredDistances: shape \(shape)")
    return Elements<Int>(shape: shape) { out in
      withUnsafeElements { mask in
        for index in mask.indices { out[index] = mask[index] != 0 ? 0 : .max }
      }
      var envelope = LowerEnvelope(length: shape.max() ?? 0)
      var step = 1
      for axis in (0..<3).reversed() {
        let length = shape[axis]
        for outer in Swift.stride(from: 0, to: out.count, by: max(1, length * step)) {
          for start in outer..<outer + step { envelope.transform(out, start, step, length) }
        }
        step *= length
      }
    }
  }
}

/// min over q of (p − q)² + f(q) for all p of a line, in its own memory.
private struct LowerEnvelope {
  /// Where the envelope's parabolas stand and their heights there.
  private var feet: [Int]
  private var heights: [Int]
  /// From which place on each is the lowest.
  private var borders: [Double]

  init(length: Int) {
    feet = Array(repeating: 0, count: length)
    heights = feet
    borders = Array(repeating: 0, count: length)
  }

  mutating func transform(
    _ values: UnsafeMutableBufferPointer<Int>, _ start: Int, _ step: Int, _ length: Int
  ) {
    var count = 0
    for place in 0..<length {
      let height = values[start + place * step]
      if height == .max { continue }
      var border = -Double.infinity
      while count > 0 {
        let (foot, other) = (feet[count - 1], heights[count - 1])
        border =
          Double(height + place * place - other - foot * foot) / Double(2 * (place - foot))
        if border > borders[count - 1] { break }
        count -= 1
        border = -.infinity
      }
      (feet[count], heights[count], borders[count]) = (place, height, border)
      count += 1
    }
    guard count > 0 else { return }
    var lowest = 0
    for place in 0..<length {
      while lowest + 1 < count, borders[lowest + 1] < Double(place) { lowest += 1 }
      let distance = place - feet[lowest]
      values[start + place * step] = distance * distance + heights[lowest]
    }
  }
}
