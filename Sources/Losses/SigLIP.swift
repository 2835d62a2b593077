import Collectives
import Tensors

/// Pairwise sigmoid loss over all pairs of the global batch (Zhai et al. 2023).
///
/// L = −1/B Σᵢⱼ log σ(ηᵢⱼ zᵢⱼ), z = eᵗ x·yᵀ + β, η = 1 for pairs and −1 elsewhere; computed as
/// Σ softplus(z) − Σ zᵢᵢ. Start with t = ln 10, β = −10.
///
/// Shapes: `query`, `key` [n, d], unit rows; `logScale`, `bias` scalars. Gradient: exact for the own
/// rows of both and this replica's disjoint share for the scalars.
public struct SigLIP: Sendable {
  public var isNormalized = true
  package var tileWidth = PairTiles.defaultWidth

  public init() {}
  package init(tileWidth: Int) { self.tileWidth = tileWidth }

  /// - Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    query: Tensor, key: Tensor, logScale: Tensor, bias: Tensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    precondition(
      query.rank == 2 && query.shape == key.shape, "SigLIP: query \(query.shape), key \(key.shape)")
    try checkRows(query, "SigLIP", "query", unit: isNormalized)
    try checkRows(key, "SigLIP", "key", unit: isNormalized)
    let scale = try InfoNCE.scale(logScale, temperature: 1, "SigLIP")
    let beta = bias.detached.scalar
    guard beta.isFinite else {
      throw LossError.outOfRange(loss: "SigLIP", setting: "bias", value: beta)
    }
    let (x, y) = (query.detached.contiguous(), key.detached.contiguous())
    let (xs, ys) = (try exchange.gatherValues(x), try exchange.gatherValues(y))
    let divisor = Float(max(1, xs.rows.shape[0]))
    let diagonal = Diagonal(first: xs.mine.lowerBound, count: x.shape[0])
    let backend = x.backend
    let width = tileWidth

    var total = 0.0
    PairTiles(rows: x, columns: ys.rows, scale: scale, bias: beta, width: width).visit {
      tile, range in
      let values = tile.mutableElements
      diagonal.visit(range) { _, position in total -= Double(values[position]) }
      backend.unary(.softplus, 0, 0, tile, into: tile)
      total += backend.total(tile)
    }
    let share = Tensor(Float(total / Double(divisor)))
    return GlobalLoss(
      share: share.recorded(from: [query, key, logScale, bias], fused: "SigLIP") { dy in
        let factor = dy.scalar / divisor
        var (slope, level) = (0.0, 0.0)  // Σ G∘(z − β) and Σ G
        func weigh(_ tile: Tensor, _ range: Range<Int>) {
          backend.unary(.sigmoid, 0, 0, tile, into: tile)
          let weights = tile.mutableElements
          diagonal.visit(range) { _, position in weights[position] -= 1 }
        }
        let tiles = PairTiles(rows: x, columns: ys.rows, scale: scale, bias: beta, width: width)
        let dx = tiles.weightedSum { tile, range in
          let z = Tensor(uninitialized: tile.shape)
          backend.binary(.add, tile, scalar: -beta, into: z)
          weigh(tile, range)
          slope += backend.dot(tile, z)
          level += backend.total(tile)
        }
        let dk = PairTiles(rows: y, columns: xs.rows, scale: scale, bias: beta, width: width)
          .weightedSum(weigh)
        return [
          dx * (scale * factor), dk * (scale * factor),
          Tensor(repeating: Float(slope * Double(factor)), shape: logScale.shape),
          Tensor(repeating: Float(level * Double(factor)), shape: bias.shape),
        ]
      })
  }
}
