import Data
import Recipes
import TestSupport
import Tensors
import Testing
import Training

@Suite struct TDMTests {
  private static let frn = SmallJob.tdm.with("options.head", .text("frn"))
  /// Images of 84 pixels, of which DropBlock needs the larger maps.
  private static let resnet12 = SmallJob.tdm.with("options.backbone", .text("resnet12"))
    .with("options.width", .integer(2)).with("options.imageSize", .integer(84))
    .with("data.imageSize", .integer(84)).with("steps", .integer(2)).with("epochs", .null)
    .with("options.trials", .integer(2)).with("options.dropBlockCalls", .integer(1000))

  private static let variants: [SmallJob] =
    [SmallJob.tdm, frn, resnet12, resnet12.with("options.head", .text("frn"))]
    + ["none", "sam-intra", "qam"].map { SmallJob.tdm.with("options.tdm", .text($0)) }

  /// Supports and queries fall to replicas in every way, and some replicas have nothing.
  @Test(arguments: variants, [2, 3, 5, 16])
  func `any replicas compute the episode of one`(small: SmallJob, replicas: Int) throws {
    let plain = small.with(
      "optimizer",
      .map([
        "name": .text("sgd"), "momentum": .number(0), "nesterov": .bool(false),
        "learningRate": .number(1), "weightDecay": .number(0),
      ])
    ).with("schedule", .map(["name": .text("constant"), "warmupSteps": .integer(0)]))
    let one = try firstStep(of: plain.with("replicas", .integer(1)))
    let many = try firstStep(of: plain.with("replicas", .integer(replicas)))
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

  @Test func `noise, modules and views change what is learned`() throws {
    let digests = try [
      SmallJob.tdm, SmallJob.tdm.with("options.noise", .number(0)),
      SmallJob.tdm.with("options.tdm", .text("sam")),
      SmallJob.tdm.with("options.trainTransformType", .integer(1)),
    ].map { try digest(of: $0, borders: []) }
    #expect(Set(digests).count == digests.count)
  }

  @Test func `trials are the same for all models and steps`() throws {
    let data = try Trainer(SmallJob.tdm.job(), catalog: houseCatalog).data
    let classes = try EpisodeClasses(of: data.source("test"))
    let shape = EpisodeShape(way: 3, shot: 1, query: 2)
    let trials = TrialEpisodes(classes, shape: shape, key: RandomKey(seed: 42))
    let again = TrialEpisodes(classes, shape: shape, key: RandomKey(seed: 42))
    #expect((0..<20).map { trials[$0] } == (0..<20).map { again[$0] })
    #expect(Set((0..<20).map { trials[$0] }).count == 20)
  }

  @Test func `tallies have mean, interval and mean weights`() throws {
    var tally = EpisodeTally(queries: 4, channels: 2)
    tally.add(hits: 4, supportWeights: Tensor([1, 2, 3, 4], shape: [2, 2]))
    tally.add(hits: 1, supportWeights: Tensor([5, 6, 7, 8], shape: [2, 2]))
    #expect(tally.accuracy == 0.625)
    #expect(abs(tally.interval - 1.96 * 0.375 / 2.0.squareRoot()) < 1e-12)
    #expect(tally.meanSupportWeights == [4, 5])
    let parts = try TestCluster(replicas: 3, borders: [1]).run { exchange in
      var own = EpisodeTally(queries: 4, channels: 1)
      own.add(hits: exchange.replica, supportWeights: nil)
      return try own.summed(over: exchange)
    }
    for part in parts { #expect(part.accuracy == 0.25 && part.meanSupportWeights == nil) }
  }

  @Test func `Fisher's ratio and ranks are those counted by hand`() {
    // Two classes of two images, one place: means 1 and 5 in channel 0, variances 1; equal in 1.
    let maps = Tensor([0, 7, 2, 7, 4, 7, 6, 7], shape: [4, 1, 2])
    let classes = EpisodeClasses(labels: [0, 0, 1, 1], classes: 2)
    #expect(fisherRatios(of: maps, classes: classes) == [4, 0])
    #expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 99]) == 1)
    #expect(rankCorrelation([1, 2, 3], [3, 2, 1]) == -1)
    #expect(rankCorrelation([1, 1, 1], [3, 2, 1]) == 0)
    // Ranks 0.5, 0.5, 2 against 0, 1, 2.
    #expect(abs(rankCorrelation([5, 5, 9], [1, 2, 3]) - 0.75.squareRoot()) < 1e-12)
  }

  @Test(arguments: [
    ("batch", JobValue.integer(8), "expected 9"),
    ("onBadSample", .text("skip"), "needs all its images"),
    ("options.testShot", .text("1,x"), "parted by commas"),
    ("options.testShot", .text("2,2"), "parted by commas"),
    ("options.imageSize", .integer(84), "21×21, expected 5×5"),
    ("options.trainWay", .integer(1), "expected 2"),
  ])
  func `refuses a job that cannot be`(key: String, value: JobValue, text: String) throws {
    let error = #expect(throws: JobError.self) { try SmallJob.tdm.with(key, value).job() }
    #expect(error.map { "\($0)".contains(text) } == true, "\(error.map { "\($0)" } ?? "nothing")")
  }

  @Test func `refuses data that has not enough, before it trains`() throws {
    func problem(_ small: SmallJob) -> DataError? {
      #expect(throws: DataError.self) { try Trainer(small.job(), catalog: houseCatalog) }
    }
    #expect(
      problem(.tdm.with("data.images", .integer(2)))?.problem.contains("has 2 images") == true)
    #expect(
      problem(.tdm.with("options.testWay", .integer(4)))?.problem.contains("has 3 classes") == true)
    let many = SmallJob.tdm.with("options.trainWay", .integer(7)).with("batch", .integer(21))
    #expect(problem(many)?.problem.contains("has 6 classes, an episode needs 7") == true)
  }

  @Test func `refuses a class that is in two splits`() throws {
    try withTemporaryFolder { folder in
      for (split, name) in [("train", "a"), ("train", "b"), ("test", "a"), ("test", "c")] {
        for image in 0..<4 {
          try Files.makeFolder("\(folder)/\(split)/\(name)")
          let picture = ByteTensor(repeating: UInt8(image), shape: [21, 21, 3])
          try Files.write(picture.pngBytes(), to: "\(folder)/\(split)/\(name)/\(image).png")
        }
      }
      let job = SmallJob.tdm.with(
        "data", .map(["path": .text(folder), "format": .text("folders")])
      ).with("options.trainWay", .integer(2)).with("options.testWay", .integer(2))
        .with("batch", .integer(6))
      let error = #expect(throws: JobError.self) {
        try Trainer(job.job(), catalog: houseCatalog)
      }
      #expect(error.map { "\($0)".contains("class a is in train and in test") } == true)
    }
  }

  @Test func `a sample is predicted without itself among the supports`() throws {
    let trainer = try Trainer(SmallJob.tdm.job(), catalog: houseCatalog)
    let source = try trainer.data.source("test")
    let all = try trainer.predict(source, indices: Array(0..<source.count))
    for (index, prediction) in all.enumerated() {
      let alone = try trainer.predict(source, indices: [index])
      #expect(alone[0].fields.map(\.value) == prediction.fields.map(\.value))
      #expect(prediction.fields.map(\.name) == ["class 1", "class 2", "class 3", "truth"])
      // Zero distance to its own image would be all of the probability.
      #expect(!prediction.fields[0].value.contains("100.0"))
    }
  }
}
