import Collectives
import Tensors

/// Supervised contrast: all rows of the global batch with an anchor's label are its positives
/// (Khosla et al. 2020, L_out).
///
/// L = −(τ/τ_b)/M Σᵢ 1/|Pos(i)| Σ_{p∈Pos(i)} (z_ip − rᵢ), z = v·vᵀ/τ without the diagonal. An anchor
/// without positives adds nothing and stays in the divisor M. Rows labelled `ignored` take no part:
/// neither anchors nor candidates nor counted.
///
/// Shapes: `rows` [n, d], unit; `labels` [n]; n may differ by replica, zero included. Views of a
/// sample are rows with the same label. Gradient: exact for the own rows.
public struct SupervisedContrastive: Sendable {
  public var temperature: Float
  /// τ_b, which rescales the loss; equal to τ it has no effect.
  public var baseTemperature: Float
  public var ignored: Int32?
  public var isNormalized = true
  package var tileWidth = PairTiles.defaultWidth

  public init(temperature: Float = 0.1, baseTemperature: Float = 0.07, ignored: Int32? = -1) {
    self.temperature = temperature
    self.baseTemperature = baseTemperature
    self.ignored = ignored
  }

  /// - Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    rows: Tensor, labels: IntTensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    precondition(
      rows.rank == 2 && labels.shape == [rows.shape[0]],
      "SupervisedContrastive: rows \(rows.shape), labels \(labels.shape)")
    let name = "SupervisedContrastive"
    try checkRows(rows, name, "rows", unit: isNormalized)
    for value in [temperature, baseTemperature] where !(value > 0 && value.isFinite) {
      throw LossError.outOfRange(loss: name, setting: "temperature", value: value)
    }
    let v = rows.detached.contiguous()
    let all = try exchange.gatherValues(v)
    let allLabels = try exchange.gatherValues(labels).rows.elements
    var members: [Int32: Int] = [:]
    for label in allLabels where label != ignored { members[label, default: 0] += 1 }
    let anchors = allLabels.count { $0 != ignored }
    let own = labels.elements
    let positives = own.map { $0 == ignored ? 0 : (members[$0] ?? 1) - 1 }
    let diagonal = Diagonal(first: all.mine.lowerBound, count: own.count)
    let isIgnored = allLabels.map { $0 == ignored }
    let hasIgnored = isIgnored.contains(true)
    let coefficient = Double(temperature / baseTemperature) / Double(max(1, anchors))
    let tiles = PairTiles(
      rows: v, columns: all.rows, scale: 1 / temperature, width: tileWidth)

    /// Takes the diagonal and ignored rows and columns out.
    func mask(_ tile: Tensor, _ range: Range<Int>) {
      let z = tile.mutableElements
      diagonal.visit(range) { _, position in z[position] = -.infinity }
      guard hasIgnored else { return }
      for column in range where isIgnored[column] {
        for row in own.indices { z[row * range.count + column - range.lowerBound] = -.infinity }
      }
      for row in own.indices where own[row] == ignored {
        z[row * range.count..<(row + 1) * range.count].update(repeating: -.infinity)
      }
    }
    /// Calls `body` with (row, position) for each positive in the tile.
    func visitPositives(_ range: Range<Int>, _ body: (Int, Int) -> Void) {
      for (row, label) in own.enumerated() where positives[row] > 0 {
        for column in range where allLabels[column] == label && column != diagonal.first + row {
          body(row, row * range.count + column - range.lowerBound)
        }
      }
    }

    let rowSums = RowLogSumExp(rows: own.count)
    var pulls = [Double](repeating: 0, count: own.count)  // Σ z over positives
    tiles.visit { tile, range in
      mask(tile, range)
      rowSums.add(tile)
      let z = tile.mutableElements
      visitPositives(range) { row, position in pulls[row] += Double(z[position]) }
    }
    // A shift of +∞ makes the row of an anchor without positives vanish from both sides of H.
    let logSums = rowSums.value.elements
    let r = Tensor(logSums.indices.map { positives[$0] > 0 ? logSums[$0] : .infinity })
    let allR = try exchange.gatherValues(r).rows
    var sum = 0.0
    for row in own.indices where positives[row] > 0 {
      sum += Double(logSums[row]) - pulls[row] / Double(positives[row])
    }
    let share = Tensor(Float(sum * coefficient))
    let tau = temperature
    return GlobalLoss(
      share: share.recorded(from: [rows], fused: name) { dy in
        let gradient = tiles.weightedSum { tile, range in
          mask(tile, range)
          tile.backend.pairWeights(tile, rows: r, 1, columns: allR, range: range, 1)
          let weights = tile.mutableElements
          // Both of a pair have the same count, so H and its transpose take away twice 1/|Pos|.
          visitPositives(range) { row, position in weights[position] -= 2 / Float(positives[row]) }
        }
        return [gradient * (dy.scalar * Float(coefficient) / tau)]
      })
  }
}
