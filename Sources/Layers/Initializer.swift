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
  /// A vocabulary's table: normal up to row `base`, as if there were no more rows, then one for each
  /// added symbol, whatever the order in which symbols are added.
  case vocabulary(base: Int, added: [AddedRow], deviation: Float)

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
    case .vocabulary(let base, let added, let deviation):
      grown(
        from: .normal([base, shape[1]], key: key) * deviation, added,
        initial: stacked(
          added.map { row in
            .normal([shape[1]], key: key.derived("row").derived(row.symbol)) * deviation
          }))
    }
  }

  /// Rows of old symbols, then those of the added ones.
  ///
  /// `initial`: Of the added rows, those that are no means of others: [added, width].
  func grown(from old: Tensor, _ added: [AddedRow], initial: @autoclosure () -> Tensor) -> Tensor {
    guard !added.isEmpty else { return old }
    let initial = initial()
    let rows = added.enumerated().map { index, row in
      row.pieces.isEmpty
        ? initial.rows(index..<index + 1)
        : old.gatherRows(IntTensor(row.pieces)).mean(axes: [0], keep: true)
    }
    return concatenated([old] + rows)
  }

  /// A row that a vocabulary's table has for a symbol that was added.
  public struct AddedRow: Sendable, Hashable {
    public let symbol: String
    /// Rows whose mean it begins with; drawn by its symbol's name if empty.
    public let pieces: [Int32]

    public init(_ symbol: String, pieces: [Int32] = []) {
      self.symbol = symbol
      self.pieces = pieces
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
