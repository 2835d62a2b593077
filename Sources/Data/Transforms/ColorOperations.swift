import CKernels
import Tensors

/// What torchvision does to Pillow's pictures, to the byte; hues, which Pillow cuts to 8 bits before
/// it turns them, as torchvision does to tensors.
extension ByteTensor {
  /// Every value times `factor`, cut to whole numbers.
  public func brightened(by factor: Float) -> ByteTensor { blended(from: 0, factor) }

  /// Away from the picture's mean brightness, or towards it. Shapes: [h, w, 3] → the same.
  public func contrasted(by factor: Float) -> ByteTensor {
    requireRGB("contrasted")
    let pixels = max(1, count / 3)
    let sum = Int(withUnsafeElements { mk_sum_luma_u8($0.baseAddress, Int64(count / 3)) })
    return blended(from: Float((sum + pixels / 2) / pixels), factor)
  }

  /// Away from gray, or towards it. Shapes: [h, w, 3] → the same.
  public func saturated(by factor: Float) -> ByteTensor {
    requireRGB("saturated")
    return made { mk_saturate_u8($0, Int64(count / 3), factor, $1) }
  }

  /// Three equal channels of brightness (ITU-R BT.601). Shapes: [h, w, 3] → the same.
  public func grayscaled() -> ByteTensor { saturated(by: 0) }

  /// Colours turned around the colour circle, by −0.5 … 0.5 turns. Shapes: [h, w, 3] → the same.
  public func hueTurned(by turn: Float) -> ByteTensor {
    requireRGB("hueTurned")
    precondition((-0.5...0.5).contains(turn), "hueTurned: \(turn) turns, not −0.5 … 0.5")
    return made { mk_turn_hue_u8($0, Int64(count / 3), 6 * turn, $1) }
  }

  /// Values from `threshold` on inverted.
  public func solarized(threshold: UInt8 = 128) -> ByteTensor {
    ByteTensor(shape: shape) { out in
      withUnsafeElements { source in
        for (index, value) in source.enumerated() {
          out[index] = value < threshold ? value : 255 - value
        }
      }
    }
  }

  /// Blurred by a Gaussian of `sigma` pixels: torchvision's `gaussian_blur` with a kernel of
  /// 2⌈3σ⌉ + 1 and mirrored borders, not Pillow's `GaussianBlur`, which is three box blurs.
  ///
  /// Shapes: [h, w, c] or [h, w] → the same.
  public func gaussianBlurred(sigma: Float) -> ByteTensor {
    precondition(sigma > 0 && sigma <= 100, "gaussianBlurred: sigma \(sigma) is not in (0, 100]")
    return filtered(
      rows: AxisTaps(gaussian: sigma, count: shape[0]),
      columns: AxisTaps(gaussian: sigma, count: shape[1]), fill: 0)
  }

  private func blended(from base: Float, _ factor: Float) -> ByteTensor {
    made { mk_blend_u8($0, Int64(count), base, factor, $1) }
  }

  private func made(
    _ kernel: (UnsafePointer<UInt8>?, UnsafeMutablePointer<UInt8>?) -> Void
  ) -> ByteTensor {
    ByteTensor(shape: shape) { out in
      withUnsafeElements { kernel($0.baseAddress, out.baseAddress) }
    }
  }

  private func requireRGB(_ operation: String) {
    precondition(
      shape.count == 3 && shape[2] == 3, "\(operation): shape \(shape) is not [h, w, 3]")
  }
}
