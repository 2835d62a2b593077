import Tensors

/// A turn of a volume in the plane of its first two axes, about their middle.
struct VolumeTurn {
  /// From voxels of the result to places in the volume: x along the second axis, y along the first.
  let toSource: Affine

  init(sides: [Int], degrees: Float) {
    toSource =
      Affine(
        about: ImageSize(height: sides[0], width: sides[1]), degrees: Double(degrees)
      ).inverse
  }

  /// Bilinear between the plane's voxels. Shapes: [a, b, …] → the same.
  func callAsFunction(_ volume: Tensor, fill: Float) -> Tensor {
    let line = volume.shape.dropFirst(2).reduce(1, *)
    return Tensor(shape: volume.shape) { out in
      volume.withUnsafeElements { source in
        for (voxel, place) in places(volume.shape) {
          let target = out[voxel * line..<(voxel + 1) * line]
          guard let place else {
            target.update(repeating: fill)
            continue
          }
          let corners = corners(place, volume.shape)
          for index in 0..<line {
            var sum: Float = 0
            for corner in corners { sum += corner.weight * source[corner.voxel * line + index] }
            out[voxel * line + index] = sum
          }
        }
      }
    }
  }

  /// The nearest voxel. Shapes: [a, b, …] → the same.
  func callAsFunction(_ labels: ByteTensor, fill: UInt8) -> ByteTensor {
    let line = labels.shape.dropFirst(2).reduce(1, *)
    return ByteTensor(shape: labels.shape) { out in
      labels.withUnsafeElements { source in
        for (voxel, place) in places(labels.shape) {
          let target = out[voxel * line..<(voxel + 1) * line]
          guard let place else {
            target.update(repeating: fill)
            continue
          }
          let start = (Int(place.y) * labels.shape[1] + Int(place.x)) * line
          _ = target.update(fromContentsOf: source[start..<start + line])
        }
      }
    }
  }

  /// Each voxel of the plane and where it comes from; nil for outside.
  private func places(_ shape: [Int]) -> [(voxel: Int, place: SIMD2<Double>?)] {
    let (height, width) = (shape[0], shape[1])
    return (0..<height * width).map { voxel in
      let place = toSource(SIMD2(Double(voxel % width) + 0.5, Double(voxel / width) + 0.5))
      let isInside =
        place.x >= 0 && place.x < Double(width) && place.y >= 0 && place.y < Double(height)
      return (voxel, isInside ? place : nil)
    }
  }

  private typealias Corner = (voxel: Int, weight: Float)

  private func corners(_ place: SIMD2<Double>, _ shape: [Int]) -> [Corner] {
    func pair(_ at: Double, _ count: Int) -> [(Int, Float)] {
      let upper = Int(at + 0.5)
      let share = Float(at + 0.5 - Double(upper))
      return [(max(upper - 1, 0), 1 - share), (min(upper, count - 1), share)]
    }
    let across = pair(place.x, shape[1])
    return pair(place.y, shape[0]).flatMap { row, rowShare in
      across.map { column, share in (row * shape[1] + column, rowShare * share) }
    }
  }
}
