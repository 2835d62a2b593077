import Collectives
import Losses
import TestSupport
import Tensors
import Testing

/// CoNe's losses at values that were worked out by hand, and in closed form.
@Suite struct NeighborLossTests {
  private let queue = Tensor([1, 0, 0.8, 0.6, 0, 1, -1, 0], shape: [4, 2])
  private let classes = IntTensor([0, 1, 0, 0])
  private let right = Tensor([1, 0], shape: [1, 2])

  private func contrast(_ label: Int32, k: Int) throws -> Float {
    try NeighborContrast(neighbors: k)(
      query: right, labels: IntTensor([label]), queue: queue, queueLabels: classes,
      over: soloExchange()
    ).share.scalar
  }

  @Test(
    arguments: [
      (0, 2, 0.126_928_0), (1, 2, 2.126_928_0), (0, 4, 0.126_922_6), (1, 4, 2.126_968_0),
    ] as [(Int32, Int, Float)])
  func `contrast is that worked out by hand`(label: Int32, k: Int, loss: Float) throws {
    #expect(abs(try contrast(label, k: k) - loss) < 5e-6)
  }

  @Test func `a sample without a positive neighbour adds exactly nothing, and counts`() throws {
    #expect(try contrast(2, k: 2) == 0)
    let shares = try NeighborContrast(neighbors: 2).logShares(
      query: right, labels: IntTensor([0]), queue: queue, queueLabels: classes)
    #expect(abs(exp(shares).scalar - 0.880_797_1) < 1e-6)
    try withTape {
      let query = concatenated([right, right, right]).tracked()
      let loss = try NeighborContrast(neighbors: 2)(
        query: query, labels: IntTensor([2, 0, 2]), queue: queue, queueLabels: classes,
        over: soloExchange())
      #expect(abs(loss.share.scalar - 0.126_928_0 / 3) < 2e-6)
      let slope = try gradients(of: loss.share, over: [query])[0]
      #expect(slope.elements.allSatisfy { $0.isFinite })
      #expect(slope.rows(0..<1).elements == [0, 0] && slope.rows(2..<3).elements == [0, 0])
      #expect(slope.rows(1..<2).elements != [0, 0])
    }
  }

  @Test func `of equally near neighbours the first in the queue is taken`() throws {
    let same = concatenated([right, right, right])
    let shares = try NeighborContrast(neighbors: 1).logShares(
      query: concatenated([right, right]), labels: IntTensor([7, 8]), queue: same,
      queueLabels: IntTensor([7, 8, 8]))
    #expect(shares.elements == [0, -.infinity])
  }

  @Test func `the target is the queue's mean by similarity to the key`() throws {
    let predictions = Tensor([0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.5, 0.5], shape: [4, 2])
    for (temperature, share, loss) in [
      (0.07, 0.861_980_6, 0.049_929_3), (1, 0.582_331_3, 0.051_402_1),
    ] as [(Float, Float, Float)] {
      let consistency = DistributionalConsistency(temperature: temperature)
      let target = try consistency.target(key: right, queue: queue, distributions: predictions)
      expectClose(target, Tensor([share, 1 - share], shape: [1, 2]), within: 1e-6)
      let found = try consistency(logits: right, target: target, over: soloExchange())
      #expect(abs(found.share.scalar - loss) < 1e-6)
    }
    let center = try ClassCenter()(
      logits: right, labels: IntTensor([0]), over: soloExchange())
    #expect(abs(center.share.scalar - 0.313_261_7) < 1e-6)
  }

  @Test func `a target of certainty is met with the logarithm of one class`() throws {
    let loss = try DistributionalConsistency()(
      logits: right, target: right, over: soloExchange())
    #expect(abs(loss.share.scalar - 0.313_261_7) < 1e-6)
  }

  @Test func `a smoothed label is spread over the other classes`() throws {
    try withTape {
      let logits = Tensor.zeros([1, 5]).tracked()
      let loss = try ClassCenter(smoothing: 0.1)(
        logits: logits, labels: IntTensor([2]), over: soloExchange())
      let slope = try gradients(of: loss.share, over: [logits])[0]
      // softmax is 0.2 everywhere; the slope is softmax less the target.
      expectClose(
        0.2 - slope, Tensor([0.025, 0.025, 0.9, 0.025, 0.025], shape: [1, 5]), within: 1e-6)
    }
  }

  @Test func `rows that are left out add nothing and count`() throws {
    let logits = concatenated([right, right])
    let counted = ByteTensor([0, 1])
    let center = try ClassCenter()(
      logits: logits, labels: IntTensor([0, 0]), counted: counted, over: soloExchange())
    #expect(abs(center.share.scalar - 0.313_261_7 / 2) < 1e-6)
    let target = Tensor([0.9, 0.1, 0.5, 0.5], shape: [2, 2])
    let consistency = DistributionalConsistency()
    let both = try consistency(
      logits: logits, target: target, counted: counted, over: soloExchange())
    let one = try consistency(
      logits: right, target: target.rows(1..<2), over: soloExchange())
    #expect(abs(both.share.scalar - one.share.scalar / 2) < 1e-7)
  }

  @Test func `gradients are those in closed form`() throws {
    let query = l2Normalized(sample([5, 3]))
    let keys = l2Normalized(sample([9, 3], seed: 2))
    let labels: [Int32] = [0, 1, 2, 0, 1]
    let all: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1, 2]
    let t: Float = 0.3
    let expected = (0..<5).map { row -> Tensor in
      let (near, places) = matmul(query.rows(row..<row + 1), keys.transposed).topK(6)
      let weights = softmax(near / t).elements
      let isPositive = places.elements.map { all[Int($0)] == labels[row] }
      let share = zip(weights, isPositive).reduce(Float(0)) { $0 + ($1.1 ? $1.0 : 0) }
      let factors = zip(weights, isPositive).map { weight, isPositive in
        share > 0 ? weight * (1 - (isPositive ? 1 / share : 0)) / (5 * t) : 0
      }
      return matmul(Tensor(factors, shape: [1, 6]), keys.gatherRows(places.reshaped([6])))
    }
    try withTape {
      let tracked = query.tracked()
      let loss = try NeighborContrast(neighbors: 6, temperature: t)(
        query: tracked, labels: IntTensor(labels), queue: keys, queueLabels: IntTensor(all),
        over: soloExchange())
      expectClose(
        try gradients(of: loss.share, over: [tracked])[0], concatenated(expected), within: 1e-5)
    }
    let target = softmax(sample([5, 4], seed: 3))
    try withTape {
      let logits = sample([5, 4], seed: 4).tracked()
      let loss = try DistributionalConsistency()(
        logits: logits, target: target, over: soloExchange())
      expectClose(
        try gradients(of: loss.share, over: [logits])[0],
        (softmax(logits.detached) - target) / 5, within: 1e-6)
    }
  }

  /// Rows fall to replicas in every way, and some replicas have none.
  @Test(arguments: [[8], [4, 4], [2, 2, 2, 2], [0, 5, 3], [1, 0, 7]])
  func `any replicas have the loss and gradient of one`(counts: [Int]) throws {
    let (query, logits) = (l2Normalized(sample([8, 4])), sample([8, 3], seed: 2))
    let keys = l2Normalized(sample([16, 4], seed: 3))
    let labels: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1]
    let all = IntTensor((0..<16).map { Int32($0 % 3) })
    let predictions = softmax(sample([16, 3], seed: 4))
    func run(_ counts: [Int]) throws -> (loss: Float, slopes: [Float]) {
      let parts = try TestCluster(
        replicas: counts.count, borders: counts.count > 2 ? [1] : []
      ).run { exchange -> (Float, [Float]) in
        let first = counts[..<exchange.replica].reduce(0, +)
        let range = first..<first + counts[exchange.replica]
        return try withTape {
          let (q, l) = (query.rows(range).tracked(), logits.rows(range).tracked())
          let own = IntTensor(Array(labels[range]))
          let consistency = DistributionalConsistency()
          let target = try consistency.target(
            key: query.rows(range), queue: keys, distributions: predictions)
          let loss =
            try ClassCenter(smoothing: 0.1)(logits: l, labels: own, over: exchange)
            + 0.7
            * NeighborContrast(neighbors: 4)(
              query: q, labels: own, queue: keys, queueLabels: all, over: exchange)
            + 0.4 * consistency(logits: l, target: target, over: exchange)
          let slopes = try gradients(of: loss.share, over: [q, l])
          return (
            loss.share.scalar,
            (0..<range.count).flatMap { row in
              slopes.flatMap { $0.rows(row..<row + 1).elements }
            }
          )
        }
      }
      return (parts.reduce(0) { $0 + $1.0 }, parts.flatMap(\.1))
    }
    let (one, many) = (try run([8]), try run(counts))
    #expect(abs(one.loss - many.loss) < 1e-5)
    let difference = zip(one.slopes, many.slopes).map { abs($0 - $1) }.max() ?? 1
    #expect(one.slopes.count == many.slopes.count && difference < 1e-6, "\(difference)")
  }

  @Test func `what is no unit row, no number or no temperature is refused`() {
    #expect(throws: LossError.self) {
      try NeighborContrast(neighbors: 2)(
        query: right * 2, labels: IntTensor([0]), queue: queue, queueLabels: classes,
        over: soloExchange())
    }
    #expect(throws: LossError.self) {
      try NeighborContrast(neighbors: 2, temperature: 0)(
        query: right, labels: IntTensor([0]), queue: queue, queueLabels: classes,
        over: soloExchange())
    }
    #expect(throws: LossError.self) {
      try DistributionalConsistency()(
        logits: Tensor([.nan, 0], shape: [1, 2]), target: right, over: soloExchange())
    }
    #expect(throws: LossError.self) {
      try ClassCenter()(logits: right, labels: IntTensor([2]), over: soloExchange())
    }
  }
}
