import Tensors

/// How the ecosystem's files order the axes of a tensor that our kernels want otherwise.
public enum ParameterLayout: Sendable, Equatable {
  /// The same order.
  case plain
  /// Ours [k…, in/groups, out]; theirs [out, in/groups, k…].
  case convolution
  /// Ours [k…, out/groups, in]; theirs [in, out/groups, k…].
  case transposedConvolution
  /// A linear layer after flattening [h, w, c]: ours [out, h·w·c]; theirs [out, c·h·w].
  case afterFlatten(height: Int, width: Int, channels: Int)
  /// A matrix whose rows are their columns.
  case transposed
  /// Whole numbers; theirs are int64.
  case counter

  /// The shape in the ecosystem's order.
  public func exportedShape(_ shape: [Int]) -> [Int] {
    switch self {
    case .plain, .afterFlatten, .counter: shape
    case .transposed: shape.reversed()
    case .convolution, .transposedConvolution: Array(shape.suffix(2).reversed() + shape.dropLast(2))
    }
  }

  /// Ours → theirs.
  func exported(_ x: Tensor) -> Tensor {
    switch self {
    case .plain, .counter: return x
    case .transposed: return x.transposed.contiguous()
    case .convolution, .transposedConvolution:
      let kernel = Array(0..<x.rank - 2)
      return x.permuted([x.rank - 1, x.rank - 2] + kernel).contiguous()
    case .afterFlatten(let height, let width, let channels):
      return x.reshaped([x.shape[0], height, width, channels]).permuted([0, 3, 1, 2])
        .contiguous().reshaped(x.shape)
    }
  }

  /// Theirs → ours, the inverse of `exported`.
  func imported(_ x: Tensor) -> Tensor {
    switch self {
    case .plain, .counter: return x
    case .transposed: return x.transposed.contiguous()
    case .convolution, .transposedConvolution:
      let kernel = Array(2..<x.rank)
      return x.permuted(kernel + [1, 0]).contiguous()
    case .afterFlatten(let height, let width, let channels):
      return x.reshaped([x.shape[0], channels, height, width]).permuted([0, 2, 3, 1])
        .contiguous().reshaped(x.shape)
    }
  }
}
