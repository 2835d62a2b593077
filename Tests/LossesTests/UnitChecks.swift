import Collectives
import Losses
import TestSupport
import Tensors
import Testing

/// The computed numbers of the contrastive losses' reference page, one test a line.
@Suite(.timeLimit(.minutes(1))) struct ContrastiveUnitChecks {
  private let identity = Tensor([1, 0, 0, 1], shape: [2, 2])

  /// Loss, ∂x, ∂y and ∂t of one replica.
  private func infoNCE(
    _ x: Tensor, _ y: Tensor, scale: Float, _ loss: InfoNCE = InfoNCE()
  ) throws -> [Tensor] {
    try withTape {
      let inputs = [x.tracked(), y.tracked(), log(Tensor(scale)).tracked()]
      let result = try loss(
        query: inputs[0], key: inputs[1], logScale: inputs[2], over: soloExchange())
      return [result.share.detached] + (try gradients(of: result.share, over: inputs))
    }
  }

  @Test func `check 1, the identity`() throws {
    let found = try infoNCE(identity, identity, scale: 1)
    expectClose(found[0], Tensor(0.3132617), within: 1e-6)
    expectClose(
      found[1], Tensor([-0.134471, 0.134471, 0.134471, -0.134471], shape: [2, 2]), within: 1e-6)
    expectClose(found[3], Tensor(-0.2689414), within: 1e-6)
  }

  @Test func `check 1, two replicas of one sample, with the gather and without`() throws {
    let identity = identity
    func split(_ negatives: Negatives) throws -> [[Float]] {
      try TestCluster(replicas: 2, borders: [1]).run { exchange -> [Float] in
        let mine = identity.unrecordedRows(exchange.replica..<exchange.replica + 1)
        return try withTape {
          let x = mine.tracked()
          let loss = try InfoNCE(temperature: 1, negatives: negatives)(
            query: x, key: mine, over: exchange)
          return [loss.share.scalar] + (try gradients(of: loss.share, over: [x])[0].elements)
        }
      }
    }
    let global = try split(.global)
    #expect(abs(global[0][0] + global[1][0] - 0.3132617) < 1e-6)
    #expect(abs(global[0][1] + 0.134471) < 1e-6)
    #expect(abs(global[1][1] - 0.134471) < 1e-6)
    for part in try split(.local) { #expect(part == [0, 0, 0]) }
  }

  @Test func `check 2, a general pair`() throws {
    let x = Tensor([1, 0, 0.6, 0.8], shape: [2, 2])
    let y = Tensor([0.8, 0.6, 0, 1], shape: [2, 2])
    let found = try infoNCE(x, y, scale: 2)
    expectClose(found[0], Tensor(0.5248968), within: 1e-6)
    expectClose(
      found[1], Tensor([-0.298922, -0.056210, 0.463459, -0.026058], shape: [2, 2]), within: 2e-6)
    expectClose(
      found[2], Tensor([-0.026058, 0.463459, -0.056210, -0.298922], shape: [2, 2]), within: 2e-6)
    expectClose(found[3], Tensor(-0.0416934), within: 1e-6)
  }

  @Test(arguments: [1, 2, 3])
  func `check 3, streaming log-sum-exp`(width: Int) throws {
    // Through the queue loss with a positive of weight nothing: log(e^z0 + Σ e^zn) − z0.
    func logSumExp(_ values: [Float]) throws -> Float {
      let rows = Tensor(values.map { $0 }, shape: [values.count, 1])
      var loss = QueueInfoNCE(temperature: 1)
      loss.isNormalized = false
      loss.tileWidth = width
      let first = rows.unrecordedRows(0..<1)
      let rest = rows.unrecordedRows(1..<values.count)
      return try loss(
        query: .ones([1, 1]), key: first, queue: rest, over: soloExchange()
      ).share.scalar + values[0]
    }
    #expect(abs(try logSumExp([1, 2, 3]) - 3.4076060) < 1e-6)
    #expect(abs(try logSumExp([-5, -6]) + 4.6867383) < 1e-6)
  }

  @Test func `check 4, one pair and equal logits`() throws {
    let one = Tensor([0.6, 0.8], shape: [1, 2])
    let single = try infoNCE(one, one, scale: 30)
    #expect(single[0].scalar == 0)
    for gradient in single[1...3] { #expect(gradient.elements.allSatisfy { abs($0) < 1e-5 }) }
    let same = Tensor([Float](repeating: 1, count: 7), shape: [7, 1])
    let equal = try infoNCE(same, same, scale: 14.3)
    #expect(abs(equal[0].scalar - 1.9459101) < 1e-6)
  }

  @Test func `check 4, the gradient over all logits sums to zero, over a row it does not`() throws {
    // With one key for all rows, ∂L/∂xᵢ = s Σⱼ Gᵢⱼ y: the row sums of G are its first column.
    let x = l2Normalized(Tensor.normal([4, 2], key: RandomKey(seed: 11)), epsilon: 1e-12)
    let y = Tensor([1, 0, 1, 0, 1, 0, 1, 0], shape: [4, 2])
    let rows = try infoNCE(x, y, scale: 3)[1].elements.enumerated()
      .filter { $0.offset % 2 == 0 }.map { $0.element / 3 }
    #expect(abs(rows.reduce(0, +)) < 1e-6)
    #expect(rows.contains { abs($0) > 1e-2 })
  }

  @Test func `check 5, permutations and exchanged sides`() throws {
    let (x, y) = (unitRows(5, 3, "x"), unitRows(5, 3, "y"))
    let order: [Int32] = [3, 1, 4, 0, 2]
    let plain = try infoNCE(x, y, scale: 5)
    let mixed = try infoNCE(
      x.gatherRows(IntTensor(order)), y.gatherRows(IntTensor(order)), scale: 5)
    expectClose(plain[0], mixed[0], within: 1e-6)
    expectClose(plain[1].gatherRows(IntTensor(order)), mixed[1], within: 1e-6)
    let swapped = try infoNCE(y, x, scale: 5)
    expectClose(swapped[1], plain[2], within: 1e-6)
    expectClose(swapped[2], plain[1], within: 1e-6)
  }

  @Test func `check 6, SigLIP`() throws {
    func value(_ x: Tensor, _ y: Tensor) throws -> Float {
      try SigLIP()(
        query: x, key: y, logScale: log(Tensor(10)), bias: Tensor(-10), over: soloExchange()
      ).share.scalar
    }
    #expect(abs(try value(identity, identity) - 0.6931926) < 2e-6)
    let x = Tensor([1, 0, 0.6, 0.8], shape: [2, 2])
    let y = Tensor([0.8, 0.6, 0, 1], shape: [2, 2])
    #expect(abs(try value(x, y) - 2.3834583) < 5e-6)
  }

  @Test func `check 7, supervised contrast`() throws {
    func value(
      _ rows: [Float], _ labels: [Int32], _ temperature: Float, _ base: Float
    ) throws -> Float {
      try SupervisedContrastive(temperature: temperature, baseTemperature: base)(
        rows: Tensor(rows, shape: [labels.count, 2]), labels: IntTensor(labels),
        over: soloExchange()
      ).share.scalar
    }
    #expect(abs(try value([1, 0, 0, 1, 1, 0, 0, 1], [0, 1, 0, 1], 1, 1) - 0.5514447) < 1e-6)
    #expect(abs(try value([1, 0, 0, 1, -1, 0], [0, 0, 1], 1, 1) - 0.3354696) < 1e-6)
    #expect(abs(try value([1, 0, 0, 1, -1, 0], [0, 0, 1], 0.1, 0.07) - 0.3300917) < 1e-6)
  }

  @Test func `check 8, queue and InfoLOOB`() throws {
    let q = Tensor([1, 0], shape: [1, 2])
    let queue = try QueueInfoNCE(temperature: 1)(
      query: q, key: q, queue: Tensor([0, 1, -1, 0], shape: [2, 2]), over: soloExchange())
    #expect(abs(queue.share.scalar - 0.4076060) < 1e-6)
    let two = try InfoLOOB()(query: identity, key: identity, over: soloExchange())
    #expect(abs(two.share.scalar + 2) < 1e-6)
    let eye = Tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], shape: [3, 3])
    let three = try InfoLOOB(temperature: 1)(query: eye, key: eye, over: soloExchange())
    #expect(abs(three.share.scalar + 0.6137056) < 1e-6)
  }

  @Test func `check 9, a scale of 100`() throws {
    let found = try infoNCE(identity, identity, scale: 100)
    #expect(found.allSatisfy { $0.elements.allSatisfy(\.isFinite) })
    #expect(found[0].scalar >= 0)
  }

  @Test func `refuses bad input with its place`() throws {
    let good = Tensor([1, 0, 0, 1], shape: [2, 2])
    let bad = Tensor([1, 0, .nan, 1], shape: [2, 2])
    let long = Tensor([1, 0, 0, 2], shape: [2, 2])
    #expect(throws: LossError.notFinite(loss: "InfoNCE", input: "query", row: 1)) {
      try InfoNCE()(query: bad, key: good, over: soloExchange())
    }
    #expect(throws: LossError.notUnit(loss: "InfoNCE", input: "key", row: 1, length: 2)) {
      try InfoNCE()(query: good, key: long, over: soloExchange())
    }
    #expect(throws: LossError.tooFewRows(loss: "InfoLOOB", rows: 1, least: 2)) {
      try InfoLOOB()(
        query: good.unrecordedRows(0..<1), key: good.unrecordedRows(0..<1), over: soloExchange())
    }
    #expect(throws: LossError.outOfRange(loss: "InfoNCE", setting: "scale", value: -1)) {
      try InfoNCE(temperature: -1)(query: good, key: good, over: soloExchange())
    }
    #expect(throws: LossError.label(loss: "CrossEntropy", row: 1, label: 2, classes: 2)) {
      try CrossEntropy()(logits: good, labels: IntTensor([0, 2]), over: soloExchange())
    }
  }
}

func unitRows(_ count: Int, _ width: Int, _ name: String) -> Tensor {
  l2Normalized(.normal([count, width], key: RandomKey(seed: 31).derived(name)))
}
