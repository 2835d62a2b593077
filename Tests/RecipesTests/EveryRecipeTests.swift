import Layers
import Recipes
import Tensors
import TestSupport
import Testing
import Training

/// What every recipe of the house must do. Add a `SmallJob` for a new one.
@Suite struct EveryRecipeTests {
  @Test func `every recipe of the catalog has a small job`() {
    #expect(SmallJob.all.map(\.recipe) == houseCatalog.names)
  }

  @Test(arguments: SmallJob.all)
  func `trains, scores, draws and stays finite`(small: SmallJob) throws {
    try withTemporaryFolder { folder in
      var (losses, splits): ([Double], [String]) = ([], [])
      let run = try LocalRun(
        small.job(), catalog: houseCatalog, output: "\(folder)/run", threads: 2
      ) { event in
        switch event {
        case .step(let report):
          losses += report.numbers.map(\.value)
          #expect(report.numbers.first?.name == "loss")
        case .pass(let report):
          splits.append(report.split)
          #expect(
            report.scores.allSatisfy { !$0.isFraction || ($0.value >= 0 && $0.value <= 1) })
          #expect(report.scores.allSatisfy { $0.value.isFinite })
        default: break
        }
      }
      let result = try run.run()
      #expect(result.ending == .finished)
      #expect(!losses.isEmpty && losses.allSatisfy { $0.isFinite })
      #expect(splits == small.scored)
    }
  }

  @Test(arguments: SmallJob.all, [[4], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7]])
  func `has the same weights to the bit on any workers`(
    small: SmallJob, borders: [Int]
  ) throws {
    let alone = try digest(of: small, borders: [], threads: 1)
    #expect(try digest(of: small, borders: borders) == alone)
  }

  @Test(arguments: SmallJob.all)
  func `has the same weights to the bit with any threads`(small: SmallJob) throws {
    let one = try digest(of: small, borders: [], threads: 1)
    #expect(try digest(of: small, borders: [], threads: 2) == one)
    #expect(try digest(of: small, borders: [], threads: 8) == one)
  }

  @Test(arguments: SmallJob.all)
  func `other seeds give other weights`(small: SmallJob) throws {
    let other = small.with("seed", .integer(4))
    #expect(try digest(of: small, borders: []) != digest(of: other, borders: []))
  }

  /// One step of plain gradient descent at rate 1 moves the weights by the gradient.
  @Test(arguments: SmallJob.all)
  func `four replicas have the loss and gradient of one`(small: SmallJob) throws {
    let plain = small.withoutBatchEffects
      .with(
        "optimizer",
        .map([
          "name": .text("sgd"), "momentum": .number(0), "learningRate": .number(1),
          "weightDecay": .number(0), "clipNorm": .number(0),
        ])
      )
      .with("schedule", .map(["name": .text("constant"), "warmupSteps": .integer(0)]))
    let one = try firstStep(of: plain.with("replicas", .integer(1)))
    let four = try firstStep(of: plain.with("replicas", .integer(4)))
    #expect(abs(one.loss - four.loss) <= 1e-5 * max(1, abs(one.loss)))
    #expect(one.moved > 0, "the step moved nothing")
    let difference = zip(one.weights, four.weights).map { abs($0 - $1) }.max() ?? 0
    // Relative to the gradient where it is large: a step of rate 1 moves the weights by it.
    #expect(
      difference <= 1e-5 * max(1, one.moved), "weights differ by \(difference) of \(one.moved)")
  }

  @Test(arguments: SmallJob.all)
  func `an exported model comes back as it was`(small: SmallJob) throws {
    try withTemporaryFolder { folder in
      let run = try LocalRun(
        small.with("steps", .integer(2)).with("epochs", .null).job(), catalog: houseCatalog,
        output: "\(folder)/run", threads: 2, show: { _ in })
      let written = try #require(try run.run().checkpoint)
      let again = try Trainer(
        small.with("seed", .integer(99))
          .with("init", .text("\(written.path)/\(Checkpoint.modelFile)")).job(),
        catalog: houseCatalog)
      #expect(again.loadReport?.isComplete == true)
      #expect(try Checkpoint.write(again, into: folder).modelDigest == written.modelDigest)
    }
  }

  @Test(arguments: SmallJob.all)
  func `a resumed training ends like an unbroken one`(small: SmallJob) throws {
    try withTemporaryFolder { folder in
      let job = try small.with("checkpoint", .map(["everySteps": .integer(2)])).job()
      let whole = try LocalRun(
        job, catalog: houseCatalog, output: "\(folder)/whole", threads: 2, show: { _ in }
      ).run()
      let middle = try Checkpoint.open(
        "\(folder)/whole/checkpoints/\(Checkpoint.name(step: 2))")
      let resumed = try LocalRun(
        job, catalog: houseCatalog, output: "\(folder)/resumed", threads: 2, resume: middle,
        show: { _ in }
      ).run()
      #expect(resumed.progress == whole.progress)
      #expect(resumed.checkpoint?.files == whole.checkpoint?.files)
    }
  }

  @Test(arguments: SmallJob.all)
  func `predicts the asked samples`(small: SmallJob) throws {
    let trainer = try Trainer(small.job(), catalog: houseCatalog)
    let source = try trainer.data.source("test")
    let predictions = try trainer.predict(source, indices: [3, 0])
    #expect(predictions.map(\.sample) == [3, 0].map { source.name(at: $0) })
    #expect(predictions.allSatisfy { !$0.fields.isEmpty })
    if small.recipe == "segment" {
      #expect(predictions.allSatisfy { $0.file?.bytes.starts(with: [0x89, 0x50]) == true })
    }
    let sheet = try trainer.contactSheet(samples: 3)
    #expect(sheet.shape.count == 3 && sheet.shape[2] == 3)
  }

  @Test(arguments: SmallJob.all)
  func `refuses an option it does not know`(small: SmallJob) throws {
    #expect(throws: JobError.self) {
      try small.with("options.embeding", .integer(8)).job()
    }
  }
}
