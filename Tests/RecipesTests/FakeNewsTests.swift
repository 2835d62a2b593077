import Collectives
import Data
import Foundation
import Layers
import Recipes
import Tensors
import TestSupport
import Testing
import Training
import Worlds

@Suite struct FakeNewsTests {
  private static let variants: [SmallJob] =
    ["score", "single:roberta", "single:ctbert"].map {
      SmallJob.fakeNews.with("options.branches", .text($0))
    }
    + ["none", "table"].map { SmallJob.fakeNews.with("options.fgm", .text($0)) }
    + [
      SmallJob.fakeNews.with("options.normalise", .bool(true)),
      SmallJob.fakeNews.with("options.pooling", .text("mean"))
        .with("options.robertaDepth", .integer(0)).with("options.ctbertDepth", .integer(0)),
      SmallJob.fakeNews.with("options.expansionStart", .text("pieces")),
    ]

  private static func plain(_ small: SmallJob) -> SmallJob {
    small.withoutBatchEffects.with(
      "optimizer",
      .map([
        "name": .text("sgd"), "momentum": .number(0), "learningRate": .number(1),
        "weightDecay": .number(0), "clipNorm": .number(0),
      ])
    ).with("schedule", .map(["name": .text("constant"), "warmupSteps": .integer(0)]))
  }

  @Test(arguments: variants)
  func `has the same weights to the bit on any workers, however it is set`(
    small: SmallJob
  ) throws {
    let alone = try digest(of: small, borders: [], threads: 1)
    #expect(try digest(of: small, borders: [3, 5]) == alone)
  }

  /// With norms of samples the perturbation is the sample's own; that of the table takes all replicas.
  @Test(arguments: [SmallJob.fakeNews] + variants, [4, 16])
  func `any replicas have the step of one`(small: SmallJob, replicas: Int) throws {
    let one = try firstStep(of: Self.plain(small).with("replicas", .integer(1)))
    let many = try firstStep(of: Self.plain(small).with("replicas", .integer(replicas)))
    #expect(abs(one.loss - many.loss) <= 1e-5 * max(1, abs(one.loss)))
    let difference = zip(one.weights, many.weights).map { abs($0 - $1) }.max() ?? 0
    #expect(one.moved > 0 && difference <= 2e-5 * max(1, one.moved), "\(difference)")
  }

  /// With ε = 0 the loss and the gradient count twice; the tables are where plain descent puts them, so
  /// nothing of a perturbation stays.
  @Test(arguments: ["sample", "table"])
  func `without a perturbation the gradient is twice the plain one`(form: String) throws {
    let small = Self.plain(SmallJob.fakeNews).with("replicas", .integer(2))
    let trainer = try Trainer(small.job(), catalog: houseCatalog)
    let before = trainer.program.parameters.flatMap { $0.value.elements }
    let once = try firstStep(of: small.with("options.fgm", .text("none")))
    let twice = try firstStep(
      of: small.with("options.fgm", .text(form)).with("options.epsilon", .number(0)))
    let attacked = try firstStep(of: small.with("options.fgm", .text(form)))
    #expect(abs(twice.loss - 2 * once.loss) < 1e-5)
    var (worst, moved): (Float, Float) = (0, 0)
    for (index, start) in before.enumerated() {
      let (a, b) = (once.weights[index] - start, twice.weights[index] - start)
      worst = max(worst, abs(b - 2 * a))
      moved = max(moved, abs(a))
    }
    #expect(worst <= 1e-5 * max(1, moved), "\(worst) of \(moved)")
    #expect(attacked.loss > twice.loss, "an attack raises the loss")
  }

  @Test func `every device changes what is learned`() throws {
    let digests = try ([SmallJob.fakeNews] + Self.variants).map { try digest(of: $0, borders: []) }
    #expect(Set(digests).count == digests.count)
  }

  /// A sample's perturbation, whoever shares the batch and however the loss is scaled.
  @Test func `perturbations are each sample's own`() throws {
    let posts = ["stay home safe", "mask test", "one two three four", "news"]
    let base = Tokenizer.learnedBERT(from: posts, countMax: 60)
    var options = FakeNewsOptions()
    options = try FakeNewsOptions(reading: [
      "branches": "single:ctbert", "ctbertWidth": 8, "ctbertDepth": 1, "ctbertHeads": 2,
      "ctbertHidden": 8, "ctbertPositions": 16,
    ])
    let arena = Arena()
    var scope = Scope(arena)
    let model = FakeNewsModel(
      options, tokenizers: [PostTokenizer(base)], classes: 2, in: &scope)
    arena.seal(moments: 0, key: RandomKey(seed: 4))
    func shifts(_ range: Range<Int>, scale: Float = 1) throws -> [[Float]] {
      let tokens = [PostTokens(Array(posts[range]), base, length: 12)]
      let pass = Forward(
        isTraining: false, exchange: soloExchange(), key: RandomKey(seed: 1), slots: [])
      return try withTape {
        let words = model.embedded(tokens).map { $0.detached.tracked() }
        let logits = try model.logits(tokens, embedded: words, pass)[0]
        let labels = IntTensor(range.map { Int32($0 % 2) })
        let loss = crossEntropyRows(logits, labels).sum() * scale
        let slope = try gradients(of: loss, over: words)[0]
        let r = Perturbation.ofSamples(slope, isReal: tokens[0].isReal, epsilon: 1)
        return (0..<range.count).map { row in
          let used = tokens[0].isReal.rows(row..<row + 1).elements.count { $0 != 0 }
          return r[row].rows(0..<used).elements
        }
      }
    }
    let all = try shifts(0..<4)
    for row in all { #expect(abs(row.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5) }
    let (halves, ones) = (
      try shifts(0..<2) + shifts(2..<4), try (0..<4).flatMap { try shifts($0..<$0 + 1) }
    )
    for other in [halves, ones, try shifts(0..<4, scale: 10)] {
      for (a, b) in zip(all, other) {
        #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 })
      }
    }
  }

  @Test func `added rows leave the old ones as they are`() throws {
    func table(_ expansion: Bool) throws -> Tensor {
      let trainer = try Trainer(
        SmallJob.fakeNews.with("options.expansion", .bool(expansion)).job(), catalog: houseCatalog)
      let name = "ctbert.embeddings.word_embeddings.weight"
      return try #require(trainer.program.parameters.first { $0.name == name }).value
    }
    let (with, without) = (try table(true), try table(false))
    #expect(with.shape[0] == without.shape[0] + 12)
    #expect(with.rows(0..<without.shape[0]).elements == without.elements)
  }

  @Test func `predictions are a label and its probability`() throws {
    let trainer = try Trainer(SmallJob.fakeNews.job(), catalog: houseCatalog)
    let source = try trainer.data.source("test")
    for prediction in try trainer.predict(source, indices: Array(0..<5)) {
      #expect(prediction.fields.map(\.name) == ["label", "probability"])
      #expect(["real", "fake"].contains(prediction.fields[0].value))
      let share = try #require(Double(prediction.fields[1].value))
      #expect(share >= 0.5 && share <= 1)
    }
  }

  @Test(arguments: [
    ("options.alpha", JobValue.text("4,0"), "options.alpha"),
    ("options.tokens", .text("a b"), "options.tokens"),
    ("options.tokens", .text("a,a"), "options.tokens"),
    ("options.robertaHeads", .integer(3), "options.robertaHeads"),
    ("options.ctbertDepth", .integer(0), "options.ctbertDepth"),
    ("onBadSample", .text("skip"), "onBadSample"),
    ("options.epsilon", .number(-1), "options.epsilon"),
  ])
  func `refuses a job that cannot be meant`(key: String, value: JobValue, named: String) {
    let error = #expect(throws: JobError.self) {
      let job = try SmallJob.fakeNews.with(key, value).job()
      _ = try Trainer(job, catalog: houseCatalog)
    }
    #expect(error?.key == named)
  }

  @Test(arguments: [
    ("options.length", 21, "robertaPositions"), ("options.ctbertPositions", 19, "ctbertPositions"),
  ])
  func `refuses posts longer than the table of positions`(
    key: String, value: Int, said: String
  ) throws {
    let job = try SmallJob.fakeNews.with(key, .integer(value)).job()
    let error = #expect(throws: JobError.self) { try Trainer(job, catalog: houseCatalog) }
    #expect(error?.description.contains(said) == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    ("id,tweet,label\r\n1,good news,real\r\n2,more news,real", "no post that is fake"),
    ("id,tweet,label\r\n1,good news,real\r\n2,the https://t.co/x !,fake", "has no words"),
  ])
  func `refuses posts that cannot be learned from`(table: String, problem: String) throws {
    try withTemporaryFolder { folder in
      try Files.write(Array(table.utf8), to: "\(folder)/Constraint_Train.csv")
      let job = try SmallJob.fakeNews.with(
        "data", .map(["path": .text(folder), "format": .text("constraint")])
      ).job()
      let error = #expect(throws: DataError.self) { try Trainer(job, catalog: houseCatalog) }
      #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
    }
  }

  @Test func `tables without labels can be predicted and not be scored`() throws {
    try withTemporaryFolder { folder in
      try Hashtags(options: ["train": 20, "val": 4, "test": 4]).write(to: folder)
      try Files.write(
        Array("id,tweet\r\n1,#StayHomeSafe today\r\n2,news".utf8),
        to: "\(folder)/Constraint_Test.csv")
      let job = try SmallJob.fakeNews.with(
        "data", .map(["path": .text(folder), "format": .text("constraint")])
      ).job()
      let trainer = try Trainer(job, catalog: houseCatalog)
      #expect(try trainer.data.source("train").splits == ["test", "train", "val"])
      let source = try trainer.data.source("unlabelled")
      #expect(try trainer.predict(source, indices: [0, 1]).map(\.sample) == ["1", "2"])
      let group = ReplicaGroup(
        replicas: job.replicas, hosted: 0..<job.replicas, permits: ComputePermits(count: 1),
        link: nil)
      #expect(throws: DataError.self) {
        try trainer.runPass(split: "unlabelled", decidesBest: false, group)
      }
    }
  }
}
