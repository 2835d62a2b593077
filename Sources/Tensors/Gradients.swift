/// What can go wrong when a tape is run in reverse.
public enum GradientError: Error, Equatable, CustomStringConvertible {
  /// A part of the tape was already run and released; pass `retain: true` to the earlier call.
  case consumed
  /// A second derivative was asked of an operation without a composite form.
  case notDifferentiable(operation: String)

  public var description: String {
    switch self {
    case .consumed:
      "this part of the tape was already used and released; pass retain: true to the first call"
    case .notDifferentiable(let operation):
      "a gradient of a gradient reached \(operation), which has no composite form"
    }
  }
}

/// ∂`y`/∂x for each x in `xs`; exact zeros for those that `y` does not depend on.
///
/// - Parameters:
///   - y: Tracked on this thread's tape; of one element, unless `seed` gives its cotangent.
///   - xs: Leaves or intermediate values of this tape.
///   - seed: The cotangent of `y`; ones by default.
///   - differentiable: Record the backward pass too, for gradients of gradients.
///   - retain: Keep the tape for a further call; otherwise the part used is released.
///   - finished: Called with (position in `xs`, gradient) as soon as that gradient is final, in the
///     order the reverse run reaches them; those not reached follow at the end with zeros.
/// - Returns: One gradient per element of `xs`, of its shape.
/// - Throws: `GradientError`, and what a collective's adjoint throws.
public func gradients(
  of y: Tensor, over xs: [Tensor], seed: Tensor? = nil, differentiable: Bool = false,
  retain: Bool = false, finished: ((Int, Tensor) throws -> Void)? = nil
) throws -> [Tensor] {
  guard let tape = Tape.current else { preconditionFailure("gradients: no tape on this thread") }
  precondition(
    seed != nil || y.count == 1, "gradients: of shape \(y.shape) without a seed; sum it first")
  let cotangent = seed ?? Tensor.ones(y.shape)
  precondition(
    cotangent.shape == y.shape, "gradients: seed \(cotangent.shape) for value \(y.shape)")
  let run = {
    try tape.reverse(
      from: y, cotangent, over: xs, above: -1, differentiable: differentiable,
      retain: retain || differentiable, finished: finished)
  }
  return try differentiable ? run() : withoutRecording(run)
}

extension Tape {
  /// The reverse run over the nodes with index above `bottom`.
  func reverse(
    from y: Tensor, _ seed: Tensor, over xs: [Tensor], above bottom: Int, differentiable: Bool,
    retain: Bool, finished: ((Int, Tensor) throws -> Void)? = nil
  ) throws -> [Tensor] {
    var wanted: [Int: [Int]] = [:]  // node → positions in xs
    for (position, x) in xs.enumerated() where index(of: x) > bottom {
      wanted[index(of: x), default: []].append(position)
    }
    let start = index(of: y)
    // What was recorded after `y` belongs to another loss, whose own call will run it.
    let top = start > bottom ? start : nodes.count - 1
    let needed = dependents(of: Set(wanted.keys), above: bottom, through: top)
    var cotangents = [Tensor?](repeating: nil, count: max(0, top - bottom))
    if start > bottom { cotangents[start - bottom - 1] = seed }
    var results = [Tensor?](repeating: nil, count: xs.count)

    for index in stride(from: top, to: bottom, by: -1) {
      let node = nodes[index]
      let slot = index - bottom - 1
      let cotangent = cotangents[slot].take()
      if let positions = wanted[index] {
        let total = cotangent ?? .zeros(node.shape)
        for position in positions {
          results[position] = total
          try finished?(position, total)
        }
      }
      if node.isLeaf || !needed[slot] { continue }
      // A collective that an earlier call has run back, on all replicas, has nothing left to give.
      guard cotangent != nil || (node.always && node.pullback != nil) else { continue }
      let parts = try pull(
        node, cotangent ?? .zeros(node.shape), differentiable: differentiable)
      if !retain { nodes[index].pullback = nil; nodes[index].composite = nil }
      for (input, part) in zip(node.inputs, parts) {
        guard input > bottom, let part else { continue }
        precondition(
          part.shape == nodes[input].shape,
          "pullback: cotangent \(part.shape) for an input of shape \(nodes[input].shape)")
        let place = input - bottom - 1
        guard needed[place] || wanted[input] != nil else { continue }
        if let sum = cotangents[place].take() {
          cotangents[place] = sum.adding(consuming: part)
        } else {
          cotangents[place] = part
        }
      }
    }
    return try results.enumerated().map { position, result in
      if let result { return result }
      let zeros = Tensor.zeros(xs[position].shape)
      try finished?(position, zeros)
      return zeros
    }
  }

  /// Which nodes above `bottom` depend on one of `leaves`. Collectives that do not are left alone, on
  /// all replicas alike: a loss of an adversary must not use up the generator's part of the tape.
  private func dependents(of leaves: Set<Int>, above bottom: Int, through top: Int) -> [Bool] {
    var needed = [Bool](repeating: false, count: max(0, top - bottom))
    for index in stride(from: bottom + 1, through: top, by: 1) {
      let node = nodes[index]
      needed[index - bottom - 1] =
        leaves.contains(index)
        || node.inputs.contains { $0 > bottom && needed[$0 - bottom - 1] }
    }
    return needed
  }

  private func pull(_ node: Node, _ cotangent: Tensor, differentiable: Bool) throws -> [Tensor?] {
    if differentiable, let (inputs, form) = node.composite {
      // The composite is recorded at the end of the tape over aliases of the inputs, and only that
      // stretch is run in reverse; what it gives differentiates again. Retained: it is on the tape.
      let bottom = nodes.count - 1
      let aliases = inputs().map { index(of: $0) >= 0 ? $0.alias() : $0 }
      let value = try form(aliases)
      let parts = try reverse(
        from: value, cotangent, over: aliases, above: bottom, differentiable: true, retain: true)
      return zip(aliases, parts).map { index(of: $0) >= 0 ? $1 : nil }
    }
    if differentiable, let operation = node.fused {
      throw GradientError.notDifferentiable(operation: operation)
    }
    guard let pullback = node.pullback else { throw GradientError.consumed }
    return try pullback(cotangent)
  }
}

extension Tensor {
  /// The same value as a node of its own, through which gradients pass unchanged.
  func alias() -> Tensor { recorded(from: self) { $0 } }
}
