import Collectives
import Layers
import Tensors

/// TDM's modules: weights of the channels for each pair of class and query.
///
/// The support attention module (SAM) has a network for intra and one for inter scores, the query
/// attention module (QAM) one for the query's; two of a kind are averaged, α = β = 0.5 (eq. 5, 10).
package struct ChannelAttention: Sendable {
  private let intra: ChannelNetwork?
  private let inter: ChannelNetwork?
  private let query: ChannelNetwork?

  /// nil for no modules.
  package init?(_ modules: TDMModules, channels: Int, in scope: inout Scope) {
    guard modules != .none else { return nil }
    intra = modules.hasIntra ? ChannelNetwork(channels, in: &scope["b_intra"]) : nil
    inter = modules.hasInter ? ChannelNetwork(channels, in: &scope["b_inter"]) : nil
    query = modules.hasQuery ? ChannelNetwork(channels, in: &scope["b_qry"]) : nil
  }

  /// Noise on the weights: uniform in ±`halfWidth`, for each class, query and channel by itself.
  package struct Noise {
    let halfWidth: Float
    let key: RandomKey
    /// Place among the episode's queries, of each.
    let queries: [Int]

    package init(halfWidth: Float, key: RandomKey, queries: [Int]) {
      self.halfWidth = halfWidth
      self.key = key
      self.queries = queries
    }

    /// Shapes: → [n, way, d].
    package func values(way: Int, channels: Int) -> Tensor {
      guard !queries.isEmpty else { return .zeros([0, way, channels]) }
      let draws = queries.map { Tensor.uniform([way, channels], key: key.derived($0)) }
      return stacked(draws) * (2 * halfWidth) - halfWidth
    }
  }

  /// w (eq. 10), with noise clamped to 0 … 2.
  ///
  /// Shapes: prototypes [way, r, d] of all classes, queries [n, r, d] of this replica → [n, way, d].
  package func weights(
    prototypes: Tensor, queries: Tensor, _ pass: Forward, noise: Noise? = nil
  ) throws -> Tensor {
    let shape = [queries.shape[0], prototypes.shape[0], prototypes.shape[2]]
    let weights = Self.mean(
      try supportWeights(prototypes, pass)?.expanded(axis: 0).broadcast(to: shape),
      try queryWeights(queries, pass)?.expanded(axis: 1).broadcast(to: shape))
    guard let noise else { return weights }
    return clamp(weights + noise.values(way: shape[1], channels: shape[2]), 0, 2)
  }

  /// SAM's weights, nil without it: [way, r, d] → [way, d].
  ///
  /// Every replica computes them from the same prototypes, so batch norm's rows are these and not
  /// those of all replicas.
  package func supportWeights(_ prototypes: Tensor, _ pass: Forward) throws -> Tensor? {
    guard intra != nil || inter != nil else { return nil }
    let alone = Forward(
      isTraining: pass.isTraining, exchange: soloExchange(), key: pass.key, slots: [])
    return Self.mean(
      try intra.map { try $0(intraScores(prototypes), alone) },
      try inter.map { try $0(interScores(prototypes), alone) })
  }

  /// QAM's weights, nil without it: [n, r, d] → [n, d]; batch norm is over all replicas' queries.
  private func queryWeights(_ queries: Tensor, _ pass: Forward) throws -> Tensor? {
    try query.map { try $0(intraScores(queries), pass) }
  }

  private static func mean(_ a: Tensor?, _ b: Tensor?) -> Tensor {
    switch (a, b) {
    case (let a?, let b?): 0.5 * a + 0.5 * b
    case (let a?, nil): a
    case (nil, let b?): b
    case (nil, nil): preconditionFailure("ChannelAttention: no module")
    }
  }
}
