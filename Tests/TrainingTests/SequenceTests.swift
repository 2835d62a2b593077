import Collectives
import Data
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@Suite(.timeLimit(.minutes(2))) struct SequenceTests {
  private func sequence(_ changes: [String: JobValue]) throws -> (all: [Work], trainer: Trainer) {
    let job = try tinyJob(changes)
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let group = wholeGroup(job)
    try trainer.prepare(hosted: group.hosted)
    defer { trainer.stop() }
    var all: [Work] = []
    var serials: [UInt64] = [trainer.progress.serial]
    while trainer.next != .finished {
      all.append(trainer.next)
      switch trainer.next {
      case .step: _ = try trainer.runStep(group)
      case .pass(let split, let decidesBest):
        let report = try trainer.runPass(split: split, decidesBest: decidesBest, group)
        #expect(report.number == trainer.progress.passes)
      case .beginStage: try trainer.beginStage()
      case .finished: break
      }
      #expect(trainer.progress.serial > serials[serials.count - 1])
      serials.append(trainer.progress.serial)
    }
    return (all, trainer)
  }

  @Test func `validates every N steps and scores all splits at the end`() throws {
    let (all, trainer) = try sequence([
      "validate.everySteps": .integer(2), "steps": .integer(5), "epochs": .null,
    ])
    let validation = Work.pass(split: "val", decidesBest: true)
    #expect(
      all == [
        .step(0), .step(1), validation, .step(2), .step(3), validation, .step(4), validation,
        .pass(split: "test", decidesBest: false), .pass(split: "heldout", decidesBest: false),
      ])
    #expect(trainer.progress.step == 5)
    #expect(trainer.progress.scores.map(\.split) == ["val", "test", "heldout"])
    #expect(trainer.progress.scores.allSatisfy { $0.step == 5 })
    #expect(trainer.progress.scores.map { $0.scores[1].value } == [5, 7, 2])
  }

  @Test func `validates at the end only by default`() throws {
    let (all, _) = try sequence([:])
    #expect(all.prefix(6) == [.step(0), .step(1), .step(2), .step(3), .step(4), .step(5)])
    #expect(all.count == 9)
  }

  @Test func `remembers the best score`() throws {
    let changes: [String: JobValue] = [
      "validate.everySteps": .integer(1), "epochs": .integer(5),
      "optimizer.learningRate": .number(0.3), "validate.best": .text("closeness"),
    ]
    let job = try tinyJob(changes)
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let group = wholeGroup(job)
    try trainer.prepare(hosted: group.hosted)
    defer { trainer.stop() }
    var best = -Double.infinity
    while trainer.progress.step < trainer.totalSteps {
      _ = try trainer.runStep(group)
      let report = try trainer.runPass(split: "val", decidesBest: true, group)
      #expect(report.isBest == (report.scores[0].value > best))
      best = max(best, report.scores[0].value)
      #expect(trainer.progress.best?.value == best)
      #expect(trainer.progress.best?.name == "closeness")
    }
  }

  @Test func `refuses a score and a split that do not exist`() throws {
    let job = try tinyJob(["validate.best": .text("closenes")])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let error = #expect(throws: JobError.self) {
      try trainer.runPass(split: "val", decidesBest: true, wholeGroup(job))
    }
    #expect(error?.key == "validate.best")
    #expect(error?.problem.contains("did you mean 'closeness'") == true)
    #expect(throws: DataError.self) {
      try Trainer(tinyJob(["validate.split": .text("vall")]), catalog: tinyCatalog)
    }
  }

  @Test func `scores with the average`() throws {
    // A decay of 0.999999 keeps the average at the initial weights.
    let changes: [String: JobValue] = ["average": .number(0.999999)]
    let fresh = try Trainer(tinyJob(changes), catalog: tinyCatalog)
    let initial = try fresh.runPass(split: "val", decidesBest: true, wholeGroup(fresh.job))
    let trained = try trainedTiny(changes)
    let plain = try trainedTiny()
    func closeness(_ trainer: Trainer) -> Double? {
      trainer.progress.scores.first { $0.split == "val" }?.scores[0].value
    }
    let averaged = try #require(closeness(trained))
    #expect(abs(averaged - initial.scores[0].value) < 1e-4)
    let other = try #require(closeness(plain))
    #expect(abs(other - averaged) > 1e-3)
    // Training itself does not use it.
    let index = try #require(plain.arena.index(named: "first.weight"))
    #expect(plain.arena.value(at: index).elements == trained.arena.value(at: index).elements)
  }

  @Test func `exports the average under the model's names and axes`() throws {
    try withTemporaryFolder { folder in
      let trainer = try trainedTiny(
        ["average": .number(0.5), "optimizer.weightDecay": .number(0)])
      let checkpoint = try Checkpoint.write(trainer, into: folder)
      let model = try SafetensorsFile(path: "\(checkpoint.path)/model.safetensors")
      let average = try SafetensorsFile(path: "\(checkpoint.path)/model-average.safetensors")
      #expect(average.entries.map(\.name) == model.entries.map(\.name))
      #expect(average.entries.map(\.shape) == model.entries.map(\.shape))
      #expect(average.entry(named: "unused.kernel")?.shape == [4, 3, 2])
      // Never changed by training without decay, so its average is itself, in the same order of axes.
      let kernels = try [average, model].map { try $0.tensor(named: "unused.kernel").elements }
      #expect(agree(kernels[0], kernels[1], 1e-2))
      let weights = try [average, model].map { try $0.tensor(named: "first.weight").elements }
      #expect(weights[0] != weights[1])
    }
  }

  @Test func `averages as the formula says`() throws {
    let job = try tinyJob(["average": .number(0.75)])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let source = try #require(trainer.arena.index(named: "first.weight"))
    let copy = try #require(trainer.arena.index(named: "average.first.weight"))
    var expected = trainer.arena.value(at: source).elements
    #expect(trainer.arena.value(at: copy).elements == expected)
    for step in 1...4 {
      _ = try trainer.train(wholeGroup(job), until: step)
      let value = trainer.arena.value(at: source).elements
      expected = zip(expected, value).map { 0.75 * $0 + 0.25 * $1 }
      #expect(agree(trainer.arena.value(at: copy).elements, expected, 1e-6))
    }
  }
}
