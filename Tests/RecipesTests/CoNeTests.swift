import Collectives
import Data
import Layers
import Recipes
import TestSupport
import Tensors
import Testing
import Training

@Suite struct CoNeTests {
  private static func with(_ changes: [String: JobValue]) -> SmallJob {
    changes.sorted { $0.key < $1.key }.reduce(SmallJob.cone) { $0.with($1.key, $1.value) }
  }

  private static let variants: [SmallJob] = [
    ["options.aDc": 0], ["options.aSup": 0], ["options.aSup": 0, "options.aDc": 0],
    ["options.guard": "code"], ["options.layers": 0, "options.stem": "small"],
    ["options.layers": 2, "options.useBn": false], ["options.knn": 0], ["options.emaConst": true],
    ["options.numClasses": 7], ["average": 0.9],
  ].map { with($0) }

  @Test(arguments: variants)
  func `has the same weights to the bit on any workers, however it is set`(
    small: SmallJob
  ) throws {
    let alone = try digest(of: small, borders: [], threads: 1)
    #expect(try digest(of: small, borders: [3, 5]) == alone)
  }

  @Test func `every part of the method changes what is learned`() throws {
    let digests = try (Self.variants + [SmallJob.cone]).map { try digest(of: $0, borders: []) }
    // The guard alone leaves nothing out here.
    #expect(Set(digests).count == digests.count - 1)
  }

  /// Two epochs, the second with the queue; samples fall to replicas in every way.
  @Test(arguments: [2, 3, 8, 16])
  func `any replicas compute what one does, also with the queue`(replicas: Int) throws {
    func state(_ replicas: Int) throws -> [String: [Float]] {
      let small = Self.with([
        "replicas": .integer(replicas), "optimizer": ["name": "sgd", "learningRate": 0.01],
      ])
      let trainer = try Trainer(small.job(), catalog: houseCatalog)
      let report = try #require(try firstSteps(trainer, trainer.totalSteps))
      #expect(report.numbers.map(\.name).contains("neighborContrast"))
      return Dictionary(
        uniqueKeysWithValues: trainer.arena.entries.enumerated().map {
          ($1.name, trainer.arena.value(at: $0).elements)
        })
    }
    let (one, many) = (try state(1), try state(replicas))
    for name in ["queue_label", "queue_ptr", "queue_filled"] { #expect(one[name] == many[name]) }
    for (name, values) in one where !name.hasPrefix("training.") {
      let other = try #require(many[name])
      let size = max(1, values.map { abs($0) }.max() ?? 0)
      let difference = zip(values, other).map { abs($0 - $1) }.max() ?? 0
      #expect(difference <= 2e-4 * size, "\(name): \(difference) of \(size)")
    }
  }

  @Test func `epoch 0 has the classes' centres alone, and the key encoder follows by averaging`()
    throws
  {
    let small = Self.with(["optimizer": ["name": "sgd", "learningRate": 0.1], "epochs": 3])
    let trainer = try Trainer(small.job(), catalog: houseCatalog)
    let job = try small.job()
    let options = try CoNeOptions(reading: job.options)
    #expect(trainer.totalSteps == 6)
    try trainer.prepare(hosted: 0..<job.replicas)
    defer { trainer.stop() }
    func values(_ encoder: String) -> [String: [Float]] {
      Dictionary(
        uniqueKeysWithValues: trainer.arena.entries.enumerated().compactMap { index, entry in
          guard entry.name.hasPrefix(encoder + "."), !entry.name.contains("running"),
            !entry.name.contains("tracked")
          else { return nil }
          return (
            String(entry.name.dropFirst(encoder.count)), trainer.arena.value(at: index).elements
          )
        })
    }
    func number(_ report: StepReport, _ name: String) -> Double? {
      report.numbers.first { $0.name == name }?.value
    }
    for step in 0..<6 {
      let (query, key) = (values("encoder_q"), values("encoder_k"))
      if step == 0 { #expect(query == key) }
      let report = try trainer.runStep(
        ReplicaGroup(
          replicas: job.replicas, hosted: 0..<job.replicas, permits: ComputePermits(count: 2),
          link: nil))
      let momentum = options.momentum(at: step, of: 6)
      let after = values("encoder_k")
      for (name, old) in key {
        let new = try #require(query[name])
        let expected = Tensor(old) * momentum + Tensor(new) * (1 - momentum)
        #expect(after[name] == expected.elements, "\(name) at step \(step)")
      }
      let (loss, center) = (number(report, "loss"), number(report, "classCenter"))
      let extra =
        0.7 * (number(report, "neighborContrast") ?? 0)
        + 0.4 * (number(report, "distributionalConsistency") ?? 0)
      if step < 2 {
        #expect(loss == center && number(report, "neighborContrast") == nil)
      } else {
        #expect(extra > 0 && abs((loss ?? 0) - (center ?? 0) - extra) < 1e-5)
        #expect((0...1).contains(number(report, "neighborShare") ?? -1))
      }
    }
  }

  @Test func `momentum and learning rate are those of the schedule`() {
    let options = CoNeOptions()
    let momenta = [0, 25, 50, 100].map { options.momentum(at: $0, of: 100) }
    for (found, expected) in zip(momenta, [0.996, 0.996_585_8, 0.998, 1] as [Float]) {
      #expect(abs(found - expected) < 1e-6)
    }
    let schedule = CoNe.defaults.schedule
    func rate(_ epoch: Int, _ step: Int = 0) -> Double {
      0.4 * schedule.factor(at: 7 * epoch + step, of: 700, stepsPerEpoch: 7)
    }
    #expect(CoNe.defaults.optimizer.learningRate == 0.4)
    #expect(rate(0) == 0 && rate(5) == 0.4 && rate(5, 6) == 0.4)
    #expect(abs(rate(2, 3) - 0.4 * 17 / 35) < 1e-12)
    #expect(abs(rate(50) - 0.216_699_4) < 1e-7 && rate(50) == rate(50, 6))
    #expect(abs(rate(99, 6) - 0.000_509_24) < 1e-8)
  }

  @Test(arguments: [
    (0.9, false, false), (0.996, false, false), (0.999, false, true), (0.9, true, true),
  ])
  func `a momentum above 0.996 is constant`(start: Double, flag: Bool, isConstant: Bool) throws {
    let options = try CoNeOptions(reading: ["ema0": .number(start), "emaConst": .bool(flag)])
    #expect(options.momentum(at: 0, of: 10) == Float(start))
    #expect((options.momentum(at: 9, of: 10) == Float(start)) == isConstant)
  }

  @Test func `the default is the paper's network under the published names`() throws {
    let arena = Arena()
    var scope = Scope(arena)
    let data = try Trainer(SmallJob.cone.job(), catalog: houseCatalog).data
    let recipe = try CoNe(
      CoNeOptions(reading: ["numClasses": 1000]), stage: Stage("train"), data: data, in: &scope)
    let shapes = Dictionary(
      uniqueKeysWithValues: arena.entries.map { ($0.name, $0.layout.exportedShape($0.shape)) })
    for (name, shape) in [
      ("net.conv1.weight", [64, 3, 7, 7]), ("net.layer1.0.downsample.0.weight", [256, 64, 1, 1]),
      ("net.layer4.2.conv3.weight", [2048, 512, 1, 1]), ("net.layer4.2.bn3.running_var", [2048]),
      ("head.head.0.weight", [4096, 2048]), ("head.head.1.running_mean", [4096]),
      ("head.head.3.weight", [256, 4096]), ("fc.weight", [1000, 256]),
    ] {
      #expect(shapes["encoder_q.\(name)"] == shape && shapes["encoder_k.\(name)"] == shape)
    }
    #expect(shapes["queue"] == [256, 65_536] && shapes["queue_label_prob"] == [1000, 65_536])
    #expect(shapes["queue_label"] == [65_536] && shapes["queue_ptr"] == [1])
    #expect(recipe.parameters.allSatisfy { $0.name.hasPrefix("encoder_q.") })
    // 23.5 million of ResNet-50, 9.45 of the head, 0.26 of the classifier.
    #expect(recipe.parameters.reduce(0) { $0 + $1.count } == 33_214_760)
  }

  @Test(arguments: [1, 2, 4], [3, 4])
  func `the queue is that of the global batches, whoever has which rows`(
    replicas: Int, batches: Int
  ) throws {
    let (keys, predictions) = (sample([8 * batches, 2]), sample([8 * batches, 3], seed: 2))
    let classes = (0..<8 * batches).map { Int32($0 % 5) }
    let parts = try TestCluster(replicas: replicas, borders: replicas > 2 ? [1] : []).run {
      exchange -> [Float] in
      let arena = Arena()
      var scope = Scope(arena)
      let queue = NeighborQueue(length: 24, dimension: 2, classes: 3, in: &scope)
      arena.seal(moments: 0, key: RandomKey(seed: 1))
      for batch in 0..<batches {
        #expect(queue.isFull == (batch >= 3))
        let own = 8 / exchange.replicas
        let rows = 8 * batch + own * exchange.replica..<8 * batch + own * (exchange.replica + 1)
        try queue.enqueue(
          keys: keys.rows(rows), classes: IntTensor(Array(classes[rows])),
          predictions: predictions.rows(rows), over: exchange)
      }
      #expect(queue.isFull)
      return queue.keys.elements + queue.predictions.elements
        + queue.classes.elements.map { Float($0) }
    }
    func ring<Element>(_ all: [Element], _ width: Int) -> [Element] {
      guard batches == 4 else { return all }
      return Array(all[24 * width..<32 * width] + all[8 * width..<24 * width])
    }
    let expected =
      ring(keys.elements, 2) + ring(predictions.elements, 3) + ring(classes, 1).map { Float($0) }
    for part in parts { #expect(part == expected) }
  }

  @Test func `a vote goes to the most, then to the nearest`() {
    let bank = l2Normalized(Tensor([1, 0, 1, 0.1, 1, 0.2, 0, 1, -1, 0], shape: [5, 2]))
    let vote = NeighborVote(bank: bank, labels: [3, 4, 4, 9, 9], neighbors: 3)
    let rows = Tensor([1, 0, 0, 1], shape: [2, 2])
    #expect(vote.nearest(to: rows) == [[0, 1, 2], [3, 2, 1]])
    #expect(vote.classes(of: rows) == [4, 4])
    #expect(vote.classes(of: rows, excluding: [1, 2]) == [3, 9])
    let few = NeighborVote(bank: bank, labels: [3, 4, 4, 9, 9], neighbors: 2)
    #expect(few.classes(of: rows) == [3, 9])
    #expect(
      NeighborVote(bank: bank, labels: [0, 0, 1, 1, 1], neighbors: 99).classes(of: rows) == [1, 1])
  }
}
