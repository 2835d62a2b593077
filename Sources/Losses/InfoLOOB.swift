import Collectives
import Tensors

/// InfoLOOB, in which the positive is left out of the denominator (Poole et al. 2019; CLOOB, Fürst
/// et al. 2022): both directions added and multiplied by τ.
///
/// L = τ/B Σ (log Σ_{j≠i} e^{Zᵢⱼ} + log Σ_{j≠i} e^{Zⱼᵢ} − 2 Zᵢᵢ), Z = x·yᵀ/τ; it may be negative.
///
/// Shapes: `query`, `key` [n, d], unit rows, at least two in the global batch. Gradient: exact for
/// the own rows of both.
public struct InfoLOOB: Sendable {
  public var temperature: Float
  public var isNormalized = true
  package var tileWidth = PairTiles.defaultWidth

  public init(temperature: Float = 1 / 30) { self.temperature = temperature }

  /// - Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    query: Tensor, key: Tensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    precondition(
      query.rank == 2 && query.shape == key.shape,
      "InfoLOOB: query \(query.shape), key \(key.shape)")
    try checkRows(query, "InfoLOOB", "query", unit: isNormalized)
    try checkRows(key, "InfoLOOB", "key", unit: isNormalized)
    let scale = try InfoNCE.scale(nil, temperature: temperature, "InfoLOOB")
    let (x, y) = (query.detached.contiguous(), key.detached.contiguous())
    let (xs, ys) = (try exchange.gatherValues(x), try exchange.gatherValues(y))
    let total = xs.rows.shape[0]
    guard total >= 2 else { throw LossError.tooFewRows(loss: "InfoLOOB", rows: total, least: 2) }
    let diagonal = Diagonal(first: xs.mine.lowerBound, count: x.shape[0])
    let rowSums = RowLogSumExp(rows: x.shape[0])
    let columnSums = ColumnSums(columns: total)
    let backend = x.backend
    var sum = 0.0
    func leaveOut(_ tile: Tensor, _ range: Range<Int>) {
      let z = tile.mutableElements
      diagonal.visit(range) { _, position in z[position] = -.infinity }
    }
    let tiles = PairTiles(rows: x, columns: ys.rows, scale: scale, width: tileWidth)
    tiles.visit { tile, range in
      let z = tile.mutableElements
      diagonal.visit(range) { _, position in sum -= 2 * Double(z[position]) }
      leaveOut(tile, range)
      rowSums.add(tile)
      columnSums.add(tile, range)
    }
    let r = rowSums.value
    let allC = try exchange.mergeLogSumExp(maxima: columnSums.maxima, sums: columnSums.sums)
    let allR = try exchange.gatherValues(r).rows
    let c = allC.unrecordedRows(xs.mine)
    sum += backend.total(r) + backend.total(c)
    let factor = temperature / Float(total)
    let share = Tensor(Float(sum * Double(factor)))
    let back = PairTiles(rows: y, columns: xs.rows, scale: scale, width: tileWidth)
    return GlobalLoss(
      share: share.recorded(from: [query, key], fused: "InfoLOOB") { dy in
        let dx = tiles.weightedSum { tile, range in
          leaveOut(tile, range)
          backend.pairWeights(tile, rows: r, 1, columns: allC, range: range, 1)
        }
        let dk = back.weightedSum { tile, range in
          leaveOut(tile, range)
          backend.pairWeights(tile, rows: c, 1, columns: allR, range: range, 1)
        }
        let slope = scale * factor * dy.scalar
        return [(dx - y * 2) * slope, (dk - x * 2) * slope]
      })
  }
}
