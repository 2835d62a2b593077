import Collectives
import Layers
import Recipes
import TestSupport
import Tensors
import Testing

/// TDM's formulas at values that were worked out by hand, and what must hold of them at any.
@Suite struct TDMChecks {
  /// The specification's maps are [d][r]; ours are [r, d].
  private static func maps(_ channels: [[[Float]]]) -> Tensor {
    Tensor(
      channels.flatMap { $0.flatMap { $0 } },
      shape: [channels.count, channels[0].count, channels[0][0].count]
    ).transposed.contiguous()
  }

  private let classes = maps([[[1, 3], [3, 1]], [[0, 2], [4, 2]], [[2, 2], [2, 6]]])

  /// A part of a model in an arena of its own, sealed.
  private func built<Part>(_ make: (inout Scope) -> Part) -> (part: Part, arena: Arena) {
    let arena = Arena()
    var scope = Scope(arena)
    let part = make(&scope)
    arena.seal(moments: 0, key: RandomKey(seed: 1))
    return (part, arena)
  }

  private func pass(training: Bool = false) -> Forward {
    Forward(
      isTraining: training, exchange: soloExchange(), key: RandomKey(seed: 5), slots: [])
  }

  @Test func `intra and inter scores are those counted by hand`() {
    #expect(intraScores(classes).elements == [1, 1, 2, 2, 2, 2])
    #expect(interScores(classes).elements == [1, 1, 2, 2, 0, 8])
  }

  @Test func `query scores are those counted by hand`() {
    let query = Self.maps([[[1, 3], [3, 1], [2, 2]]])
    #expect(intraScores(query).elements == [1, 1, 0])
  }

  @Test func `ProtoNet's distances are those counted by hand, weights squared`() throws {
    let (head, _) = built { ProtoNetHead(isPooled: false, in: &$0) }
    let supports = classes.rows(0..<2).expanded(axis: 1)
    let query = Self.maps([[[1, 1], [2, 2]]])
    // Divided by d · r = 4, as the scale of the specification's check.
    let byChannel = head.channelDistances(supports: supports, queries: query)
    let plain = weightedDistances(byChannel, weights: nil)
    #expect((plain * 4).elements == [6, 6])
    expectClose(crossEntropyRows(-plain, IntTensor([0])), Tensor([0.693147]))
    let weights = Tensor([1.5, 0.5, 1, 1], shape: [1, 2, 2])
    let weighted = weightedDistances(byChannel, weights: weights)
    #expect((weighted * 4).elements == [9.5, 6])
    expectClose(crossEntropyRows(-weighted, IntTensor([0])), Tensor([1.223445]))
  }

  @Test func `pooled ProtoNet compares weighted means over the map`() throws {
    let (head, _) = built { ProtoNetHead(isPooled: true, in: &$0) }
    let query = Self.maps([[[1, 1], [2, 2]]])
    let byChannel = head.channelDistances(
      supports: classes.rows(0..<2).expanded(axis: 1), queries: query)
    // Means: query (1, 2), A (2, 2), B (1, 3).
    #expect((byChannel * 2).elements == [1, 0, 0, 1])
  }

  @Test func `FRN's reconstruction is the one worked out by hand, in both forms`() throws {
    let rows = Tensor([1, 0, 0, 1, 1, 1], shape: [1, 3, 2])
    let penalty = Tensor([1.500001])
    let projection = try FRNHead.projections(of: rows, penalty: penalty)
    expectClose(
      projection, Tensor([0.533333, 0.133333, 0.133333, 0.533333], shape: [1, 2, 2]))
    // With more channels than rows the other form is taken; padding by zeros changes nothing else.
    let wide = rows.padded(before: [0, 0, 0], after: [0, 0, 5])
    let dual = try FRNHead.projections(of: wide, penalty: penalty)
    expectClose(dual.sliced(axis: 1, 0..<2).sliced(axis: 2, 0..<2), projection)

    let (head, _) = built { FRNHead(in: &$0) }
    let query = Tensor([2, 0], shape: [1, 1, 2])
    let byChannel = try head.channelDistances(
      supports: rows.reshaped([1, 3, 1, 2]), queries: query)
    expectClose(
      weightedDistances(byChannel, weights: nil), Tensor([0.942223], shape: [1, 1]))
    let weights = Tensor([1.5, 0.5], shape: [1, 1, 2])
    expectClose(
      weightedDistances(byChannel, weights: weights), Tensor([1.977779], shape: [1, 1]))
  }

  @Test func `FRN's auxiliary loss has one norm over all supports`() {
    let supports = Tensor([1, 0, 0, 1, 1, 1, 0, 2], shape: [2, 2, 1, 2])
    expectClose(0.03 * FRNHead.auxiliaryLoss(supports), Tensor(0.0028125), within: 1e-8)
  }

  @Test func `networks whose second layer is 0 leave the baseline as it is, to the bit`() throws {
    let (attention, arena) = built { ChannelAttention(.full, channels: 6, in: &$0) }
    for (index, entry) in arena.entries.enumerated() where entry.name.hasSuffix(".3.weight") {
      arena.write(.zeros(entry.shape), at: index)
    }
    let (prototypes, queries) = (sample([4, 25, 6]), sample([5, 25, 6], seed: 2))
    let weights = try #require(attention).weights(
      prototypes: prototypes, queries: queries, pass(training: true))
    #expect(weights.elements == [Float](repeating: 1, count: 5 * 4 * 6))
    let (head, _) = built { ProtoNetHead(isPooled: false, in: &$0) }
    let byChannel = head.channelDistances(
      supports: prototypes.expanded(axis: 1), queries: queries)
    #expect(
      weightedDistances(byChannel, weights: weights).elements
        == weightedDistances(byChannel, weights: nil).elements)
  }

  @Test(arguments: TDMModules.allCases.filter { $0 != .none })
  func `weights are in 0 to 2 and keep to the modules that are on`(modules: TDMModules) throws {
    let (attention, arena) = built { ChannelAttention(modules, channels: 6, in: &$0) }
    for (index, entry) in arena.entries.enumerated() where entry.name.hasSuffix("weight") {
      arena.write(sample(entry.shape, seed: UInt64(index)) * 3, at: index)
    }
    let key = RandomKey(seed: 3)
    let noise = ChannelAttention.Noise(halfWidth: 0.2, key: key, queries: [0, 1, 2])
    let weights = try #require(attention).weights(
      prototypes: sample([4, 25, 6]), queries: sample([3, 25, 6], seed: 2), pass(training: true),
      noise: noise)
    #expect(weights.shape == [3, 4, 6])
    #expect(weights.elements.allSatisfy { $0 >= 0 && $0 <= 2 })
    #expect(weights.elements.contains { $0 < 0.9 } && weights.elements.contains { $0 > 1.1 })
    let names = Set(arena.entries.compactMap { $0.name.split(separator: ".").first })
    #expect(names.count == (modules == .full ? 3 : modules == .sam ? 2 : 1))
  }

  @Test func `noise is drawn for each class, query and channel by itself`() {
    let key = RandomKey(seed: 3)
    func values(_ queries: [Int]) -> Tensor {
      ChannelAttention.Noise(halfWidth: 0.2, key: key, queries: queries)
        .values(way: 3, channels: 4)
    }
    let all = values([0, 1, 2, 3])
    #expect(Set(all.elements).count == 48)
    #expect(all.elements.allSatisfy { abs($0) <= 0.2 })
    #expect(all.elements.contains { $0 < -0.1 } && all.elements.contains { $0 > 0.1 })
    // By the query's place in the episode, not in what a replica has of it.
    #expect(values([2, 3]).elements == all.rows(2..<4).elements)
    #expect(values([]).shape == [0, 3, 4])
  }

  @Test func `classes and queries in another order have the same distances in that order`() throws {
    let (attention, _) = built { ChannelAttention(.full, channels: 6, in: &$0) }
    let (head, _) = built { FRNHead(in: &$0) }
    let (supports, queries) = (sample([4, 2, 25, 6]), sample([3, 25, 6], seed: 2))
    func distances(_ supports: Tensor, _ queries: Tensor) throws -> Tensor {
      let weights = try #require(attention).weights(
        prototypes: prototypes(of: supports), queries: queries, pass())
      return weightedDistances(
        try head.channelDistances(supports: supports, queries: queries), weights: weights)
    }
    let plain = try distances(supports, queries)
    let (order, other) = (IntTensor([2, 0, 3, 1]), IntTensor([1, 2, 0]))
    let turned = try distances(supports.gatherRows(order), queries.gatherRows(other))
    expectClose(turned, plain.gathered(axis: 1, order).gatherRows(other))
    // Running statistics in evaluation: a query alone has the distances it has among others.
    expectClose(try distances(supports, queries.rows(1..<2)), plain.rows(1..<2))
  }

  @Test func `scores have their gradients`() throws {
    let maps = spread([3, 2, 4], gap: 0.15)
    try checkGradient(at: [maps], step: 3e-3) { intraScores($0[0]) }
    try checkGradient(at: [maps], step: 3e-3) { interScores($0[0]) }
  }

  @Test func `heads have their gradients`() throws {
    let (supports, queries) = (sample([3, 2, 2, 3]), sample([2, 2, 3], seed: 2))
    let (maps, _) = built { ProtoNetHead(isPooled: false, in: &$0) }
    let (pooled, _) = built { ProtoNetHead(isPooled: true, in: &$0) }
    let (frn, _) = built { FRNHead(in: &$0) }
    for head in [maps, pooled, frn] as [any MetricHead] {
      try checkGradient(at: [supports, queries], within: 2e-2) {
        try head.channelDistances(supports: $0[0], queries: $0[1])
      }
    }
    // Fewer rows than channels: the other form of the ridge.
    try checkGradient(at: [sample([2, 1, 2, 5]), sample([2, 2, 5], seed: 2)], within: 2e-2) {
      try frn.channelDistances(supports: $0[0], queries: $0[1])
    }
    try checkGradient(at: [supports]) { FRNHead.auxiliaryLoss($0[0]).reshaped([1]) }
  }

  @Test func `all paths through the weights have their gradients`() throws {
    let (attention, arena) = built { ChannelAttention(.full, channels: 3, in: &$0) }
    let (head, _) = built { ProtoNetHead(isPooled: false, in: &$0) }
    for (index, entry) in arena.entries.enumerated() where entry.kind == .parameter {
      // Biases far from the networks' kinks, weights small enough for their bends.
      let isBias = entry.name.hasSuffix("1.bias")
      let random = sample(entry.shape, seed: UInt64(index) + 3) * 0.3
      arena.write(isBias ? random + 4 : random, at: index)
    }
    // With running statistics: batch norm of three rows is too steep for differences.
    try checkGradient(
      at: [spread([3, 2, 2, 3], gap: 0.1), spread([2, 2, 3], gap: 0.2, seed: 2)], step: 3e-3,
      within: 2e-2
    ) { inputs in
      let weights = try #require(attention).weights(
        prototypes: prototypes(of: inputs[0]), queries: inputs[1], pass())
      return weightedDistances(
        head.channelDistances(supports: inputs[0], queries: inputs[1]), weights: weights)
    }
  }

  @Test func `a ridge system of numbers that are none is refused`() {
    let (head, _) = built { FRNHead(in: &$0) }
    let supports = Tensor(repeating: .nan, shape: [2, 1, 2, 3])
    #expect(throws: NotPositiveDefinite.self) {
      try head.channelDistances(supports: supports, queries: .ones([1, 2, 3]))
    }
  }
}
