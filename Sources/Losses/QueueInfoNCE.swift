import Collectives
import Tensors

/// InfoNCE against a queue of past keys (MoCo, He et al. 2020, eq. 1).
///
/// L = 1/B Σ (log(e^{q·k/T} + Σₙ e^{q·Qₙ/T}) − q·k/T). Keys of the current batch are no negatives;
/// the gradient reaches `query` alone. Enqueue after this, in global row order.
///
/// Shapes: `query`, `key` [n, d], `queue` [K, d], unit rows, the queue the same on all replicas.
public struct QueueInfoNCE: Sendable {
  public var temperature: Float
  public var isNormalized = true
  package var tileWidth = PairTiles.defaultWidth

  public init(temperature: Float = 0.07) { self.temperature = temperature }

  /// - Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    query: Tensor, key: Tensor, queue: Tensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    precondition(
      query.rank == 2 && query.shape == key.shape && queue.rank == 2
        && queue.shape[1] == query.shape[1],
      "QueueInfoNCE: query \(query.shape), key \(key.shape), queue \(queue.shape)")
    try checkRows(query, "QueueInfoNCE", "query", unit: isNormalized)
    try checkRows(key, "QueueInfoNCE", "key", unit: isNormalized)
    let scale = try InfoNCE.scale(nil, temperature: temperature, "QueueInfoNCE")
    let (q, k) = (query.detached.contiguous(), key.detached.contiguous())
    let divisor = Float(max(1, try exchange.sum(q.shape[0])))
    let own = withoutRecording { ((q * scale) * k).sum(axes: [1], keep: true) }  // [n, 1]
    let rowSums = RowLogSumExp(rows: q.shape[0])
    if q.shape[0] > 0 { rowSums.add(own) }
    let tiles = PairTiles(rows: q, columns: queue.detached, scale: scale, width: tileWidth)
    tiles.visit { tile, _ in rowSums.add(tile) }
    let r = rowSums.value
    var sum = 0.0
    for (total, positive) in zip(r.elements, own.elements) {
      sum += Double(total) - Double(positive)
    }
    let share = Tensor(Float(sum / Double(divisor)))
    return GlobalLoss(
      share: share.recorded(from: [query], fused: "QueueInfoNCE") { dy in
        let pushed = tiles.weightedSum { tile, range in
          tile.backend.pairWeights(tile, rows: r, 1, columns: nil, range: range, 0)
        }
        let attraction = exp(own - r.reshaped([-1, 1])) - 1
        return [(pushed + k * attraction) * (scale * dy.scalar / divisor)]
      })
  }
}
