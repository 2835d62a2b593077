import Layers
import Losses
import Tensors

/// How well each class's features reconstruct a query's (Wertheimer et al. 2021): ridge regression of
/// the query's map from the supports', in closed form.
package struct FRNHead: MetricHead {
  package let scale: Parameter
  /// α and β: the logarithms of λ's and ρ's factors.
  private let r: Parameter

  package init(in scope: inout Scope) {
    scale = scope.parameter("scale", [1], .ones)
    r = scope.parameter("r", [2], .zeros)
  }

  /// The mean over places of (Q̄ − Q)², Q̄ = ρ Q H_i.
  ///
  /// Throws: `NotPositiveDefinite`, `LossError`.
  package func channelDistances(supports: Tensor, queries: Tensor) throws -> Tensor {
    let (way, channels) = (supports.shape[0], supports.shape[3])
    let (count, places) = (queries.shape[0], queries.shape[1])
    let rows = queries.reshaped([count * places, channels])
    let projections =
      try Self.projections(of: Self.rows(of: supports), penalty: penalty(of: supports)) * rho
    return stacked(
      (0..<way).map { label in
        let reconstructed = matmul(rows, projections[label])
        return square(reconstructed - rows).reshaped([count, places, channels]).mean(axes: [1])
      }, axis: 1)
  }

  /// H_i = (SᵢᵀSᵢ + λI)⁻¹ SᵢᵀSᵢ, or Sᵢᵀ (SᵢSᵢᵀ + λI)⁻¹ Sᵢ where that is the smaller system.
  ///
  /// Shapes: rows [way, K·r, d], penalty [1] → [way, d, d].
  package static func projections(of rows: Tensor, penalty: Tensor) throws -> Tensor {
    let diagonal = { (size: Int) in penalty.reshaped([1, 1, 1]) * identity(size).expanded(axis: 0) }
    guard rows.shape[1] < rows.shape[2] else {
      let gram = matmul(rows.transposed, rows)
      return try solvePositiveDefinite(gram + diagonal(rows.shape[2]), gram)
    }
    let gram = matmul(rows, rows.transposed)
    return matmul(
      rows.transposed, try solvePositiveDefinite(gram + diagonal(rows.shape[1]), rows))
  }

  /// λ = (K·r / d) exp α + 10⁻⁶: [1].
  private func penalty(of supports: Tensor) throws -> Tensor {
    let ratio = Float(supports.shape[1] * supports.shape[2]) / Float(supports.shape[3])
    let penalty = exp(r.value.rows(0..<1)) * ratio + 1e-6
    guard penalty.scalar.isFinite else {
      throw LossError.outOfRange(loss: "FRN", setting: "lambda", value: penalty.scalar)
    }
    return penalty
  }

  /// ρ = exp β: [1, 1, 1].
  private var rho: Tensor { exp(r.value.rows(1..<2)).reshaped([1, 1, 1]) }

  /// Shapes: [way, shot, r, d] → [way, shot·r, d].
  private static func rows(of supports: Tensor) -> Tensor {
    supports.reshaped([supports.shape[0], -1, supports.shape[3]])
  }

  /// L_aux = Σ over pairs i > j of ‖Ŝᵢ Ŝⱼᵀ‖², Ŝ the supports over the norm of all of them: classes
  /// should lie in different subspaces.
  ///
  /// With Cᵢ = ŜᵢᵀŜᵢ it is ½ (‖Σ Cᵢ‖² − Σ ‖Cᵢ‖²).
  /// Shapes: [way, shot, r, d] → [].
  package static func auxiliaryLoss(_ supports: Tensor) -> Tensor {
    let rows = rows(of: supports)
    let grams = matmul(rows.transposed, rows) / square(rows).sum()
    return 0.5 * (square(grams.sum(axes: [0])).sum() - square(grams).sum())
  }
}
