import Tensors

/// Standard normal values that depend on the shape and `seed` alone.
public func sample(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
  .normal(shape, key: RandomKey(seed: seed).derived("sample"))
}

/// Distinct values at least `gap` apart from each other and from 0, in a shuffled order: where kinks
/// and ties must stay further away than a difference's step.
public func spread(_ shape: [Int], gap: Float = 0.2, seed: UInt64 = 1) -> Tensor {
  let count = shape.reduce(1, *)
  let order = sample([count], seed: seed).argSort()
  let values = order.elements.map { (Float($0) - Float(count / 2) + 0.5) * gap }
  return Tensor(values, shape: shape)
}
