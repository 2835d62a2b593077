import Tensors
import Testing

/// Whether two tensors agree element by element: |a − b| ≤ tolerance · max(1, |b|).
public func expectClose(
  _ a: Tensor, _ b: Tensor, within tolerance: Float = 1e-5,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard a.shape == b.shape else {
    Issue.record("shapes \(a.shape) and \(b.shape)", sourceLocation: sourceLocation)
    return
  }
  for (index, (x, y)) in zip(a.elements, b.elements).enumerated()
  where !(abs(x - y) <= tolerance * max(1, abs(y))) && x != y {
    Issue.record("element \(index): \(x) against \(y)", sourceLocation: sourceLocation)
    return
  }
}

/// Compares the gradient of Σ w·f(inputs), w fixed and random, with central differences.
///
/// `step`: Half the distance of the two evaluations; float32 wants about 1e-2.
///
/// `second`: Also checks the gradient of Σ v·∇f the same way.
public func checkGradient(
  at inputs: [Tensor], step: Float = 1e-2, within tolerance: Float = 1e-2, second: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation, of f: ([Tensor]) throws -> Tensor
) throws {
  func objective(_ xs: [Tensor]) throws -> Tensor {
    let y = try f(xs)
    return (y * Tensor.normal(y.shape, key: RandomKey(seed: 99).derived("cotangent"))).sum()
  }
  try compare(at: inputs, step, tolerance, "gradient", sourceLocation, objective)
  guard second else { return }
  func slope(_ xs: [Tensor]) throws -> Tensor {
    if Tape.hasCurrent {
      return try directional(objective, xs)
    }
    return try withTape { try directional(objective, xs.map { $0.tracked() }).detached }
  }
  try compare(at: inputs, step, tolerance, "second gradient", sourceLocation, slope)
}

private func directional(_ f: ([Tensor]) throws -> Tensor, _ xs: [Tensor]) throws -> Tensor {
  let parts = try gradients(of: f(xs), over: xs, differentiable: true)
  return parts.enumerated().map { index, part in
    (part * Tensor.normal(part.shape, key: RandomKey(seed: 98).derived(index))).sum()
  }.reduce(Tensor(0), +)
}

private func compare(
  at inputs: [Tensor], _ step: Float, _ tolerance: Float, _ name: String,
  _ sourceLocation: SourceLocation, _ f: ([Tensor]) throws -> Tensor
) throws {
  let exact = try withTape { () throws -> [[Float]] in
    let xs = inputs.map { $0.tracked() }
    return try gradients(of: f(xs), over: xs).map(\.elements)
  }
  for (position, input) in inputs.enumerated() {
    let values = input.elements
    for element in values.indices {
      func at(_ delta: Float) throws -> Double {
        var moved = values
        moved[element] += delta
        var xs = inputs
        xs[position] = Tensor(moved, shape: input.shape)
        return Double(try f(xs).scalar)
      }
      let numeric = Float((try at(step) - at(-step)) / Double(2 * step))
      let found = exact[position][element]
      if !(abs(found - numeric) <= tolerance * max(1, abs(numeric), abs(found))) {
        Issue.record(
          "\(name) of input \(position), element \(element): \(found), by differences \(numeric)",
          sourceLocation: sourceLocation)
        return
      }
    }
  }
}
