import Data
import Recipes
import TestSupport
import Tensors
import Testing
import Training

/// What cone must not take.
@Suite struct CoNeRefusesTests {
  @Test(arguments: [
    ("options.queue", JobValue.integer(20), "expected a multiple of the batch, 9, such as 18"),
    ("options.knn", .integer(19), "expected at most the length of the queue, 18"),
    ("options.ema0", .number(1.1), "found 1.1, expected 0.0 to 1.0"),
    ("options.ema0", .number(-0.1), "expected 0.0 to 1.0"),
    ("options.valSize", .integer(31), "expected trainSize, 32, or more"),
  ])
  func `a job that cannot be`(key: String, value: JobValue, text: String) throws {
    let error = #expect(throws: JobError.self) { try SmallJob.cone.with(key, value).job() }
    #expect(error.map { "\($0)".contains(text) } == true, "\(error.map { "\($0)" } ?? "nothing")")
  }

  @Test func `a queue that is not full in time, and too few classes`() throws {
    func problem(_ small: SmallJob) -> String {
      let error = #expect(throws: JobError.self) {
        try Trainer(small.job(), catalog: houseCatalog)
      }
      return error.map { "\($0)" } ?? "nothing"
    }
    let late = SmallJob.cone.with("options.queue", .integer(27))
    #expect(problem(late).contains("have 18 samples each in whole batches; expected 18 or less"))
    #expect(throws: Never.self) {
      try Trainer(late.with("options.startEpoch", .integer(2)).job(), catalog: houseCatalog)
    }
    #expect(
      problem(SmallJob.cone.with("options.numClasses", .integer(4))).contains("has 5 classes"))
  }

  @Test func `a label that no class has`() throws {
    try withTemporaryFolder { folder in
      try Files.makeFolder("\(folder)/meta")
      for split in ["train", "test"] {
        try Files.makeFolder("\(folder)/\(split)")
        var list = ""
        for index in 0..<20 {
          let picture = ByteTensor(repeating: UInt8(index), shape: [32, 32, 3])
          try Files.write(picture.pngBytes(), to: "\(folder)/\(split)/\(index).png")
          list += "\(index).png \(index % (split == "train" ? 3 : 4))\n"
        }
        try Files.write(Array(list.utf8), to: "\(folder)/meta/\(split).txt")
      }
      let small = SmallJob.cone.with(
        "data", .map(["path": .text(folder), "format": .text("imagenet")])
      ).with("options.knn", .integer(2))
      let trainer = try Trainer(small.job(), catalog: houseCatalog)
      _ = try firstSteps(trainer, 4)
      let error = #expect(throws: DataError.self) { try trainer.contactSheet(samples: 20) }
      #expect(error?.problem.contains("has label 3, expected 0 … 2") == true)
      #expect(error?.description.contains("test/3.png") == true)
    }
  }

  @Test(arguments: [
    ("options.queue", JobValue.integer(9), "queue is [8, 18], expected [8, 9]"),
    ("options.dim", .integer(6), "encoder_q.fc.weight is [5, 8], expected [5, 6]"),
    ("options.numClasses", .integer(6), "encoder_q.fc.bias is [5], expected [6]"),
  ])
  func `a checkpoint of another queue, dimension or number of classes`(
    key: String, value: JobValue, text: String
  ) throws {
    try withTemporaryFolder { folder in
      let whole = try LocalRun(
        SmallJob.cone.job(), catalog: houseCatalog, output: "\(folder)/run", threads: 2,
        show: { _ in }
      ).run()
      let checkpoint = try #require(whole.checkpoint)
      let other = try Trainer(
        SmallJob.cone.with(key, value).with("epochs", .integer(3)).job(), catalog: houseCatalog)
      let error = #expect(throws: TrainingError.self) { try other.resume(checkpoint) }
      #expect(
        error.map { "\($0)".contains(text) } == true, "\(error.map { "\($0)" } ?? "nothing")")
    }
  }
}
