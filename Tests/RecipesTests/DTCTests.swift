import Data
import Layers
import Recipes
import TestSupport
import Tensors
import Testing
import Training
import Worlds

@Suite struct DTCTests {
  private static let plain = SmallJob.dtc.with(
    "optimizer",
    .map([
      "name": .text("sgd"), "momentum": .number(0), "learningRate": .number(1),
      "weightDecay": .number(0),
    ])
  ).with("schedule", .map(["name": .text("constant"), "warmupSteps": .integer(0)]))

  /// Two labelled patches and two others, dropout on.
  private static let four = plain.with("batch", .integer(4))
    .with("options.labelledSlots", .integer(2))

  private static let variants: [SmallJob] = [
    SmallJob.dtc.with("options.labelledSlots", .integer(9)),
    SmallJob.dtc.with("options.levelSetWeight", .number(0))
      .with("options.consistencyWeight", .number(0)),
    SmallJob.dtc.with("options.consistencyWeight", .number(0)),
    SmallJob.dtc.with("options.steepness", .number(1500)),
    SmallJob.dtc.with("options.turns", .bool(false)),
    SmallJob.dtc.with("options.emptyTarget", .text("zero")),
  ]

  /// 1 + 1 on each of two, one patch on each of four, three and one: the same step.
  @Test(arguments: [2, 3, 4, 7])
  func `any replicas compute the step of one`(replicas: Int) throws {
    let one = try firstStep(of: Self.four.with("replicas", .integer(1)))
    let many = try firstStep(of: Self.four.with("replicas", .integer(replicas)))
    #expect(abs(one.loss - many.loss) <= 1e-5 * max(1, abs(one.loss)))
    let difference = zip(one.weights, many.weights).map { abs($0 - $1) }.max() ?? 0
    #expect(one.moved > 0 && difference <= 1e-5 * max(1, one.moved), "\(difference)")
  }

  @Test(arguments: variants)
  func `has the same weights to the bit on any workers, however it is set`(
    small: SmallJob
  ) throws {
    let alone = try digest(of: small, borders: [], threads: 1)
    #expect(try digest(of: small, borders: [3, 5]) == alone)
  }

  @Test func `options change what is learned`() throws {
    let jobs =
      [SmallJob.dtc] + Self.variants.dropLast() + [
        SmallJob.dtc.with("options.rampLength", .integer(40)),
        SmallJob.dtc.with("options.labelled", .integer(8)),
      ]
    let digests = try jobs.map { try digest(of: $0, borders: []) }
    #expect(Set(digests).count == digests.count)
  }

  @Test func `labels of unlabelled volumes are never looked at`() throws {
    func weights(_ changed: Bool) throws -> String {
      let job = try SmallJob.dtc.job()
      let original = try RecipeData(job: job)
      let data = RecipeData { split in
        let source = try original.source(split)
        return changed ? Relabelled(base: source, from: 9) { $0.volume?.labels = nil } : source
      }
      let trainer = try Trainer(job, catalog: houseCatalog, data: data)
      _ = try firstSteps(trainer, trainer.totalSteps)
      return "\(trainer.digest)"
    }
    #expect(try weights(true) == weights(false))
  }

  @Test func `the loss is its parts, and λ rises with the steps`() throws {
    let trainer = try Trainer(SmallJob.dtc.job(), catalog: houseCatalog)
    let report = try #require(try firstSteps(trainer, 2))
    let names = report.numbers.map(\.name)
    #expect(names == ["loss", "consistencyWeight", "dice", "levelSet", "consistency"])
    let value = Dictionary(uniqueKeysWithValues: report.numbers.map { ($0.name, $0.value) })
    let (loss, dice) = (value["loss"] ?? 0, value["dice"] ?? 0)
    let weight = value["consistencyWeight"] ?? 0
    // The second of two rises: t = 1 of 2.
    #expect(abs(weight - 0.286505) < 1e-6)
    let sum = dice + 0.3 * (value["levelSet"] ?? 0) + weight * (value["consistency"] ?? 0)
    #expect(abs(loss - sum) < 1e-5 && dice > 0 && dice < 1)
  }

  /// What is changed in the first labelled volume, and what the error says of it.
  private static let damages: [(@Sendable (inout Sample) -> Void, String)] = [
    ({ $0.volume = nil }, "has no volume"),
    ({ $0.volume?.labels = nil }, "has no labels"),
    ({ Self.change(&$0) { $0.volume?.labels = ByteTensor(repeating: 2, shape: $1) } }, "label 2"),
    ({ Self.change(&$0) { $0.volume?.labels = ByteTensor(repeating: 0, shape: $1) } }, "no voxel"),
    ({ Self.change(&$0) { $0.volume?.values = Tensor(repeating: 3, shape: $1) } }, "value 3.0"),
    ({ Self.change(&$0) { $0.volume?.values = Tensor(repeating: .nan, shape: $1) } }, "not finite"),
  ]

  private static func change(_ sample: inout Sample, _ body: (inout Sample, [Int]) -> Void) {
    guard let shape = sample.volume?.values.shape else { return }
    body(&sample, shape)
  }

  @Test(arguments: damages.indices)
  func `refuses volumes it cannot learn from, by name`(index: Int) throws {
    let (damage, words) = Self.damages[index]
    let job = try SmallJob.dtc.job()
    let original = try RecipeData(job: job)
    let name = try original.source("train").name(at: 0)
    let data = RecipeData { split in
      Relabelled(base: try original.source(split), from: 0, to: 0, change: damage)
    }
    let trainer = try Trainer(job, catalog: houseCatalog, data: data)
    let error = #expect(throws: DataError.self) { try firstSteps(trainer, trainer.totalSteps) }
    #expect(error?.file == name && error?.problem.contains(words) == true, "\(words)")
  }

  @Test func `refuses options that do not fit`() {
    for (key, value, words) in [
      ("options.patchX", JobValue.integer(40), "multiple of 16"),
      ("options.strideXY", .integer(17), "at most the patch's 16"),
      ("options.strideZ", .integer(17), "at most the patch's 16"),
      ("options.labelledSlots", .integer(10), "the batch is 9"),
      ("options.labelled", .integer(3), "expected 4 or more"),
    ] {
      let error = #expect(throws: JobError.self) { try SmallJob.dtc.with(key, value).job() }
      #expect(error?.key == key && "\(error as Any)".contains(words), "\(key)")
    }
    for (labelled, words) in [(14, "train has 13"), (13, "none is left")] {
      let error = #expect(throws: JobError.self) {
        try Trainer(
          SmallJob.dtc.with("options.labelled", .integer(labelled)).job(), catalog: houseCatalog)
      }
      #expect(error?.key == "options.labelled" && "\(error as Any)".contains(words))
    }
    #expect(throws: Never.self) {
      try Trainer(
        SmallJob.dtc.with("options.labelled", .integer(13))
          .with("options.labelledSlots", .integer(9)).job(), catalog: houseCatalog)
    }
  }

  @Test func `refuses a case that is listed twice or in both lists`() throws {
    for (list, words) in [("train", "listed twice in train"), ("test", "in train and in test")] {
      try withTemporaryFolder { folder in
        let world = try makeWorld(named: "atria", options: Self.tiny)
        try world.write(to: folder)
        let name = try world.source(split: "train").name(at: 0)
        let lines = try Files.lines(of: "\(folder)/\(list).list") + [name]
        try Files.write(
          Array(lines.map { $0 + "\n" }.joined().utf8), to: "\(folder)/\(list).list")
        let job = try SmallJob.dtc
          .with("data", .map(["path": .text(folder), "format": .text("hdf5")])).job()
        let error = #expect(throws: JobError.self) {
          try Trainer(job, catalog: houseCatalog)
        }
        #expect(error?.key == "data" && "\(error as Any)".contains(words))
      }
    }
  }

  private static let tiny: [String: OptionValue] = [
    "train": 13, "test": 4, "side": 24, "depth": 18,
  ]

  @Test func `files train the same weights as the world they were written from`() throws {
    try withTemporaryFolder { folder in
      try makeWorld(named: "atria", options: Self.tiny).write(to: folder)
      let files = SmallJob.dtc.with(
        "data", .map(["path": .text(folder), "format": .text("hdf5")]))
      func model(_ small: SmallJob) throws -> Substring {
        // The model's own digest: that of the commits begins with the job.
        try digest(of: small, borders: []).prefix { $0 != " " }
      }
      #expect(try model(files) == model(.dtc))
    }
  }

  private static let leftAtrium = sharedData("left-atrium/2018LA_Seg_Training Set")

  /// Loader, a step, one sweep of windows over each test case, the metrics.
  @Test(.enabled(if: leftAtrium != nil, "no ../shared/data/left-atrium"))
  func `real left atria go through from end to end`() throws {
    let folder = try #require(Self.leftAtrium)
    let small = SmallJob.dtc
      .with("data", .map(["path": .text(folder), "format": .text("hdf5")]))
      .with("batch", .integer(4)).with("options.labelled", .integer(3))
      .with("options.labelledSlots", .integer(2)).with("steps", .integer(1))
      .with("epochs", .null).with("options.patchX", .integer(64))
      .with("options.patchY", .integer(64)).with("options.patchZ", .integer(64))
      .with("options.strideXY", .integer(64)).with("options.strideZ", .integer(64))
    try withTemporaryFolder { folder in
      var scores: [Score] = []
      let run = try LocalRun(
        small.job(), catalog: houseCatalog, output: "\(folder)/run", threads: 2
      ) { event in
        if case .pass(let report) = event { scores = report.scores }
      }
      #expect(try run.run().ending == .finished)
      #expect(scores.map(\.name) == ["Dice", "Jaccard", "95HD", "ASD", "emptyPredictions"])
      #expect(scores.allSatisfy { $0.value.isFinite && $0.value >= 0 })
    }
  }

  @Test func `predictions are volumes that hdf5 reads`() throws {
    let trainer = try Trainer(SmallJob.dtc.job(), catalog: houseCatalog)
    let source = try trainer.data.source("test")
    let prediction = try trainer.predict(source, indices: [1])[0]
    let (name, bytes) = try #require(prediction.file)
    #expect(name == "\(source.name(at: 1)).h5")
    try withTemporaryFolder { folder in
      try Files.write(bytes, to: "\(folder)/case.h5")
      try Files.write(Array("case\n".utf8), to: "\(folder)/all.list")
      let written = try HDF5Source(
        files: LocalFiles(folder), split: "all", options: ["image": "probability"])
      let volume = try #require(try written.sample(at: 0).volume)
      #expect(volume.values.shape == [24, 24, 18])
      #expect(volume.values.elements.allSatisfy { $0 > 0 && $0 < 1 })
      let mask = greater(volume.values, 0.5).largestComponent()
      #expect(volume.labels?.elements == mask.elements)
      #expect(prediction.fields[0].value == "\(mask.elements.count { $0 == 1 })")
    }
  }
}

/// A source with some of its samples changed.
private struct Relabelled: WrappedSource {
  let base: any SampleSource
  let range: ClosedRange<Int>
  let change: @Sendable (inout Sample) -> Void

  init(
    base: any SampleSource, from first: Int, to last: Int = .max,
    change: @escaping @Sendable (inout Sample) -> Void
  ) {
    self.base = base
    range = first...last
    self.change = change
  }

  func sample(at index: Int) throws -> Sample {
    var sample = try base.sample(at: index)
    if split == "train", range.contains(index) { change(&sample) }
    return sample
  }
}
