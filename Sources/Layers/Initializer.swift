import Tensors

/// How a parameter begins. Draws are keyed by the job's seed and the parameter's full name.
public enum Initializer: Sendable {
  case zeros
  case ones
  case constant(Float)
  case normal(deviation: Float)
  /// Normal, cut at two deviations (draws outside are drawn again from the key's next block).
  case truncatedNormal(deviation: Float)
  /// Uniform in ±1/√fanIn, torch's default for linear and convolution layers.
  case uniform(fanIn: Int)
  /// Uniform in ±√(6 / (fanIn + fanOut)) (Glorot and Bengio 2010).
  case xavierUniform(fanIn: Int, fanOut: Int)
  /// Normal with deviation √(2 / fan) (He et al. 2015, for ReLU).
  case heNormal(fan: Int)
  case values([Float])

  func values(shape: [Int], key: RandomKey) -> Tensor {
    switch self {
    case .zeros: .zeros(shape)
    case .ones: .ones(shape)
    case .constant(let value): Tensor(repeating: value, shape: shape)
    case .normal(let deviation): .normal(shape, key: key) * deviation
    case .truncatedNormal(let deviation): truncated(shape, key) * deviation
    case .uniform(let fanIn): symmetric(shape, key, 1 / Float(max(1, fanIn)).squareRoot())
    case .xavierUniform(let fanIn, let fanOut):
      symmetric(shape, key, (6 / Float(max(1, fanIn + fanOut))).squareRoot())
    case .heNormal(let fan): .normal(shape, key: key) * (2 / Float(max(1, fan))).squareRoot()
    case .values(let values): Tensor(values, shape: shape)
    }
  }

  private func symmetric(_ shape: [Int], _ key: RandomKey, _ bound: Float) -> Tensor {
    .uniform(shape, key: key) * (2 * bound) - bound
  }

  private func truncated(_ shape: [Int], _ key: RandomKey) -> Tensor {
    var values = Tensor.normal(shape, key: key).elements
    var attempt = 1
    while values.contains(where: { abs($0) > 2 }) {
      let again = Tensor.normal(shape, key: key.derived(attempt)).elements
      for index in values.indices where abs(values[index]) > 2 { values[index] = again[index] }
      attempt += 1
    }
    return Tensor(values, shape: shape)
  }
}
