import Tensors

/// One replica's view of a `ReplicaGroup`: checks shapes, names the call, picks its part.
final class ReplicaExchange: Exchange {
  private let group: ReplicaGroup
  let replica: Int

  init(group: ReplicaGroup, replica: Int) {
    self.group = group
    self.replica = replica
  }

  var replicas: Int { group.replicas }

  func gatherValues(_ rows: Tensor) throws -> Gathered {
    precondition(rows.rank >= 1, "gather: shape \(rows.shape) has no rows")
    let signature = CallSignature(kind: .gather, shape: Array(rows.shape.dropFirst()))
    let plain = rows.detached.contiguous()
    guard case .rows(let all, let counts) = try group.collect(replica, signature, .rows(plain))
    else { preconditionFailure("gather: wrong outcome") }
    return Gathered(rows: all, counts: counts, replica: replica)
  }

  func gatherValues(_ rows: IntTensor) throws -> GatheredIntegers {
    precondition(!rows.shape.isEmpty, "gather: shape \(rows.shape) has no rows")
    let signature = CallSignature(kind: .gatherIntegers, shape: Array(rows.shape.dropFirst()))
    guard
      case .integers(let all, let counts) = try group.collect(replica, signature, .integers(rows))
    else { preconditionFailure("gather: wrong outcome") }
    return GatheredIntegers(rows: all, counts: counts, replica: replica)
  }

  func merge(_ values: [Double], by merge: Merge) throws -> [Double] {
    precondition(
      merge != .moments || values.count % 3 == 0,
      "merge by moments: \(values.count) numbers are not triples")
    let signature = CallSignature(kind: .merge, merge: merge, shape: [values.count])
    guard case .numbers(let merged) = try group.collect(replica, signature, .numbers(values))
    else { preconditionFailure("merge: wrong outcome") }
    return merged
  }

  func sumValues(_ values: Tensor) throws -> Tensor {
    try reduced(values, CallSignature(kind: .sum, shape: values.shape))
  }

  func sumScatter(_ values: Tensor, counts: [Int]) throws -> Tensor {
    precondition(
      counts.count == replicas && values.rank >= 1 && counts.reduce(0, +) == values.shape[0],
      "sumScatter: shape \(values.shape) for rows \(counts)")
    let signature = CallSignature(kind: .sumScatter, shape: values.shape, counts: counts)
    let hosted = try reduced(values, signature)
    let start = counts[group.hosted.lowerBound..<replica].reduce(0, +)
    return hosted.unrecordedRows(start..<start + counts[replica])
  }

  func mergeLogSumExp(maxima: Tensor, sums: Tensor) throws -> Tensor {
    precondition(
      maxima.rank == 1 && maxima.shape == sums.shape,
      "mergeLogSumExp: maxima \(maxima.shape), sums \(sums.shape)")
    let count = maxima.count
    let (first, second) = (maxima.detached.contiguous(), sums.detached.contiguous())
    let pair = Tensor(uninitialized: [2, count])
    pair.storage.copyBytes(from: first.storage, first.byteRange, to: 0)
    pair.storage.copyBytes(from: second.storage, second.byteRange, to: count * 4)
    let merged = try reduced(pair, CallSignature(kind: .mergeLogSumExp, shape: [count]))
    let result = Tensor(uninitialized: [count])
    let backend = result.backend
    backend.unary(.log, 0, 0, merged.unrecordedRows(1..<2), into: result)
    backend.binary(
      .add, result, Tensor(viewing: merged.storage, byteOffset: merged.offset * 4, shape: [count]),
      into: result)
    return result
  }

  func startSum(_ values: Tensor) throws -> any PendingSum {
    let plain = values.detached.contiguous()
    return PendingReplicaSum(group: group, call: try group.startSum(plain, from: replica))
  }

  private func reduced(_ values: Tensor, _ signature: CallSignature) throws -> Tensor {
    let plain = values.detached.contiguous()
    guard case .values(let sum) = try group.collect(replica, signature, .values(plain))
    else { preconditionFailure("\(signature.kind): wrong outcome") }
    return sum
  }
}

private final class PendingReplicaSum: PendingSum {
  private let group: ReplicaGroup
  private var call: BackgroundCall?

  init(group: ReplicaGroup, call: BackgroundCall) {
    self.group = group
    self.call = call
  }

  func wait() throws -> Tensor {
    guard let call = call.take() else { preconditionFailure("PendingSum.wait: called twice") }
    return try group.wait(for: call)
  }
}

/// An exchange with one replica: everything is already global.
public func soloExchange() -> any Exchange {
  ReplicaGroup(replicas: 1, hosted: 0..<1, permits: ComputePermits(count: 1), link: nil)
    .exchange(for: 0)
}
