/// How output pixels are made from source pixels.
public enum ResamplingFilter: Sendable {
  /// For pictures; averages where the image shrinks (antialias).
  case bilinear
  /// For pictures, sharper than bilinear: cubic convolution with a = −1/2, antialias as bilinear.
  case bicubic
  /// For masks: class indices must not mix.
  case nearest

  /// How far the kernel reaches either way, in pixels of the coarser side.
  package var support: Float {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    case .nearest: 0.5
    }
  }

  /// The kernel, which is 0 beyond `support`.
  package func weight(_ distance: Float) -> Float {
    let x = abs(distance)
    switch self {
    case .bilinear: return max(0, 1 - x)
    case .bicubic:
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
    case .nearest: return 1
    }
  }
}
