import Tensors

extension ByteTensor {
  /// 1 where a voxel that is not 0 has one of its six neighbours 0: the mask without its erosion.
  ///
  /// `border`: Whether what lies outside the volume is 0, so that a mask that reaches its edge has a
  /// surface there.
  ///
  /// Shapes: [a, b, c] → [a, b, c].
  public func surface(border: Bool) -> ByteTensor {
    precondition(shape.count == 3, "surface: shape \(shape)")
    let steps = [shape[1] * shape[2], shape[2], 1]
    return ByteTensor(shape: shape) { out in
      withUnsafeElements { mask in
        var index = 0
        for i in 0..<shape[0] {
          for j in 0..<shape[1] {
            for k in 0..<shape[2] {
              defer { index += 1 }
              out[index] = 0
              guard mask[index] != 0 else { continue }
              for (axis, place) in [i, j, k].enumerated() {
                let below = place > 0 ? mask[index - steps[axis]] == 0 : border
                let above = place + 1 < shape[axis] ? mask[index + steps[axis]] == 0 : border
                if below || above { out[index] = 1 }
              }
            }
          }
        }
      }
    }
  }
}
