import Collectives
import Tensors

/// InfoNCE with every sample of the global batch as candidate (van den Oord et al. 2018, eq. 4;
/// both directions as in CLIP, Radford et al. 2021).
///
/// L = 1/(2B) Σ (rᵢ + cᵢ − 2 Zᵢᵢ), Z = s x·yᵀ, r and c its log-sum-exp over rows and columns; with
/// one direction 1/B Σ (rᵢ − Zᵢᵢ). A global batch of one pair gives 0 and no gradient.
///
/// Shapes: `query`, `key` [n, d], unit rows, row i of both the same sample; n may differ by replica.
/// Gradient: exact for the own rows of both and for `logScale`, without gradient traffic: the
/// forward forms own rows × all columns once, the backward recomputes tiles. Memory O(B·d).
public struct InfoNCE: Sendable {
  public enum Directions: String, Sendable, CaseIterable {
    case both
    /// From query to key alone.
    case queryToKey
  }

  /// τ = 1/s, used where no learned scale is given.
  public var temperature: Float
  public var directions: Directions
  public var negatives: Negatives
  /// Whether rows must have length 1.
  public var isNormalized = true
  package var tileWidth = PairTiles.defaultWidth

  public init(
    temperature: Float = 0.07, directions: Directions = .both, negatives: Negatives = .global
  ) {
    self.temperature = temperature
    self.directions = directions
    self.negatives = negatives
  }

  package init(
    temperature: Float = 0.07, directions: Directions = .both, negatives: Negatives = .global,
    tileWidth: Int
  ) {
    self.init(temperature: temperature, directions: directions, negatives: negatives)
    self.tileWidth = tileWidth
  }

  /// `logScale`: t of s = eᵗ, a learned scalar, clamped by whoever updates it.
  ///
  /// Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    query: Tensor, key: Tensor, logScale: Tensor? = nil, over exchange: any Exchange
  ) throws -> GlobalLoss {
    precondition(
      query.rank == 2 && query.shape == key.shape, "InfoNCE: query \(query.shape), key \(key.shape)"
    )
    try checkRows(query, "InfoNCE", "query", unit: isNormalized)
    try checkRows(key, "InfoNCE", "key", unit: isNormalized)
    let scale = try Self.scale(logScale, temperature: temperature, "InfoNCE")
    let (x, y) = (query.detached.contiguous(), key.detached.contiguous())
    let count = x.shape[0]

    // What this replica's rows are compared with, and where its own rows stand in it.
    let (total, allX, allY, first) = try candidates(x, y, exchange)
    let isSymmetric = directions == .both
    let divisor = Float(max(1, total)) * (isSymmetric ? 2 : 1)

    let rowSums = RowLogSumExp(rows: count)
    let columnSums = ColumnSums(columns: allY.shape[0])
    let diagonal = Diagonal(first: first, count: count)
    let own = Tensor.zeros([count])
    PairTiles(rows: x, columns: allY, scale: scale, width: tileWidth).visit { tile, range in
      rowSums.add(tile)
      if isSymmetric { columnSums.add(tile, range) }
      let (values, target) = (tile.mutableElements, own.mutableElements)
      diagonal.visit(range) { row, position in target[row] = values[position] }
    }
    let r = rowSums.value
    let allR: Tensor
    let allC: Tensor?
    switch negatives {
    case .global:
      allC =
        isSymmetric
        ? try exchange.mergeLogSumExp(maxima: columnSums.maxima, sums: columnSums.sums) : nil
      allR = try exchange.gatherValues(r).rows
    case .local:
      allC = isSymmetric ? withoutRecording { log(columnSums.sums) + columnSums.maxima } : nil
      allR = r
    }
    let c = allC.map { $0.unrecordedRows(first..<first + count) }

    let backend = x.backend
    let ownTotal = backend.total(own)
    var sum = 0.0
    // Differences first: r − Z is small where both are near 100.
    for (total, z) in zip(r.elements, own.elements) { sum += Double(total) - Double(z) }
    for (total, z) in zip(c?.elements ?? [], own.elements) { sum += Double(total) - Double(z) }
    let share = Tensor(Float(sum / Double(divisor)))

    let width = tileWidth
    let inputs = [query, key] + (logScale.map { [$0] } ?? [])
    return GlobalLoss(
      share: share.recorded(from: inputs, fused: "InfoNCE") { dy in
        let factor = dy.scalar / divisor
        var slope = 0.0  // Σ W∘Z over own rows
        let tiles = PairTiles(rows: x, columns: allY, scale: scale, width: width)
        var dx = tiles.weightedSum { tile, range in
          let z = Tensor(uninitialized: tile.shape)
          z.storage.copyBytes(from: tile.storage, tile.byteRange, to: 0)
          backend.pairWeights(tile, rows: r, 1, columns: allC, range: range, 1)
          slope += backend.dot(tile, z)
        }
        let back = PairTiles(rows: y, columns: allX, scale: scale, width: width)
        var dk = back.weightedSum { tile, range in
          backend.pairWeights(tile, rows: c, 1, columns: allR, range: range, 1)
        }
        let twice: Float = isSymmetric ? 2 : 1
        dx = (dx - y * twice) * (scale * factor)
        dk = (dk - x * twice) * (scale * factor)
        let dt = Float((slope - Double(twice) * ownTotal) * Double(factor))
        return [dx, dk] + (logScale.map { [Tensor(repeating: dt, shape: $0.shape)] } ?? [])
      })
  }

  private func candidates(
    _ x: Tensor, _ y: Tensor, _ exchange: any Exchange
  ) throws -> (total: Int, x: Tensor, y: Tensor, first: Int) {
    switch negatives {
    case .global:
      let (xs, ys) = (try exchange.gatherValues(x), try exchange.gatherValues(y))
      return (xs.rows.shape[0], xs.rows, ys.rows, xs.mine.lowerBound)
    case .local: return (try exchange.sum(x.shape[0]), x, y, 0)
    }
  }

  /// s = eᵗ or 1/τ, positive and finite.
  static func scale(_ logScale: Tensor?, temperature: Float, _ loss: String) throws -> Float {
    let scale = logScale.map { t in withoutRecording { exp(t.detached) }.scalar } ?? 1 / temperature
    guard scale > 0, scale.isFinite else {
      throw LossError.outOfRange(loss: loss, setting: "scale", value: scale)
    }
    return scale
  }
}
