/// Attention by tiles of queries. `q` [B, H, N, d], `k` [B, H, M, d], `v` [B, H, M, e] and `mask`
/// [B, H, N, M] may be strided views; rows of all but the mask lie together.
package protocol AttentionKernels {
  /// y = softmax(scale · q kᵀ + mask) v; logs [B, H, N] = the logarithm of each row's sum.
  func attend(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, causal: Bool, scale: Float,
    into y: Tensor,
    logs: Tensor)
  /// dq, dk, dv and, where wanted, dmask (contiguous).
  func attendGradient(
    _ dy: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, causal: Bool, scale: Float,
    logs: Tensor, into dq: Tensor, _ dk: Tensor, _ dv: Tensor, dmask: Tensor?)
}

/// softmax(scale · q kᵀ + mask) v (Vaswani et al. 2017, eq. 1), never holding the N×M scores of
/// more than one tile of queries.
///
/// Shapes: `q` [B, H, N, d], `k` [B, H, M, d], `v` [B, H, M, e], `mask` broadcasting to [B, H, N, M]
/// → [B, H, N, e]. All may be strided views; the result is a view of [B, N, H, e], so that
/// `.permuted([0, 2, 1, 3])` joins the heads without a copy. A query that may see no key gives zeros.
/// `mask` is added to the scores, −∞ leaves a key out. `causal` lets query i see keys 0 ... i.
/// `scale` is 1 / √d by default.
public func attention(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil, causal: Bool = false,
  scale: Float? = nil
) -> Tensor {
  precondition(
    q.rank == 4 && k.rank == 4 && v.rank == 4 && q.shape[..<2] == k.shape[..<2]
      && q.shape[..<2] == v.shape[..<2] && q.shape[3] == k.shape[3] && k.shape[2] == v.shape[2],
    "attention: q \(q.shape), k \(k.shape), v \(v.shape)")
  let shape = [q.shape[0], q.shape[1], q.shape[2], k.shape[2]]
  if let mask {
    precondition(mask.fits(into: shape), "attention: mask \(mask.shape) for scores \(shape)")
  }
  let factor = scale ?? 1 / Float(max(1, q.shape[3])).squareRoot()
  let parts = [q, k, v].map { $0.withRowsTogether.detached }
  let added = mask?.broadcast(to: shape).detached
  let y = Tensor.joiningHeads([shape[0], shape[1], shape[2], v.shape[3]], on: q.storage.device)
  let logs = Tensor(uninitialized: [shape[0], shape[1], shape[2]], on: q.storage.device)
  q.backend.attend(
    parts[0], parts[1], parts[2], mask: added, causal: causal, scale: factor, into: y, logs: logs)

  let inputs = [q, k, v] + (mask.map { [$0] } ?? [])
  let wantsMask = mask?.isTracked ?? false
  return y.recorded(
    from: inputs, fused: "attention",
    composite: { inputs in
      composed(
        inputs[0], inputs[1], inputs[2], mask: inputs.count > 3 ? inputs[3] : nil, causal, factor,
        logs)
    },
    pullback: { dy in
      let device = dy.storage.device
      let grads = parts.map { Tensor.joiningHeads($0.shape, on: device) }
      let dmask = wantsMask ? Tensor.accumulator(shape, on: device) : nil
      dy.backend.attendGradient(
        dy.withRowsTogether.detached, parts[0], parts[1], parts[2], mask: added, causal: causal,
        scale: factor, logs: logs, into: grads[0], grads[1], grads[2], dmask: dmask)
      guard let mask else { return grads }
      return grads + [dmask?.reduced(to: mask.shape)]
    })
}

/// The same value from operations that differentiate again. `logs` only shifts the exponents.
private func composed(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, _ causal: Bool, _ scale: Float,
  _ logs: Tensor
) -> Tensor {
  var scores = matmul(q, k.transposed) * scale
  if let mask { scores = scores + mask }
  if causal {
    let (rows, columns) = (scores.shape[2], scores.shape[3])
    scores =
      scores
      + Tensor(
        (0..<rows * columns).map { $0 % columns > $0 / columns ? -.infinity : 0 },
        shape: [rows, columns])
  }
  let column = logs.shape + [1]
  let shifts = logs.elements
  let power = exp(scores - Tensor(shifts.map { $0 == .infinity ? 0 : $0 }, shape: column))
  // A row without keys has an empty sum; dividing by 1 leaves its zeros.
  let total =
    power.sum(axes: [3], keep: true)
    + Tensor(shifts.map { $0 == .infinity ? 1 : 0 }, shape: column)
  return matmul(power / total, v)
}

extension Tensor {
  /// Self, or a copy where the values of a row of the last axis do not lie together.
  fileprivate var withRowsTogether: Tensor {
    strides[3] == 1 && strides[2] >= shape[3] ? self : contiguous()
  }

  /// Undefined values of shape [B, H, N, d] lying as [B, N, H, d].
  fileprivate static func joiningHeads(_ shape: [Int], on device: Device) -> Tensor {
    Tensor(uninitialized: [shape[0], shape[2], shape[1], shape[3]], on: device)
      .permuted([0, 2, 1, 3])
  }
}
