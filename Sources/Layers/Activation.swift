import Tensors

/// A function applied to each element.
public enum Activation: PureLayer, Hashable {
  case identity
  case relu
  case leakyReLU(slope: Float)
  /// x Φ(x), exact (Hendrycks and Gimpel 2016).
  case gelu
  /// x σ(1.702 x), that of OpenAI's CLIP.
  case quickGELU
  /// x σ(x).
  case silu
  case tanh

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .identity: x
    case .relu: Tensors.relu(x)
    case .leakyReLU(let slope): Tensors.leakyReLU(x, slope: slope)
    case .gelu: Tensors.gelu(x)
    case .quickGELU: Tensors.quickGELU(x)
    case .silu: Tensors.silu(x)
    case .tanh: Tensors.tanh(x)
    }
  }
}
