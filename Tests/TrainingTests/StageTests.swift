import Collectives
import Tensors
import TestSupport
import Testing
import Training

@Suite struct StageTests {
  private static let staged: [String: JobValue] = [
    "options.stages": .integer(3), "validate.everySteps": .integer(2), "average": .number(0.5),
  ]

  private func value(_ name: String, of trainer: Trainer) throws -> Tensor {
    trainer.arena.value(at: try #require(trainer.arena.index(named: name))) + 0
  }

  @Test func `follow one another, each of its own length`() throws {
    let job = try tinyJob(Self.staged)
    let trainer = try Trainer(job, catalog: tinyCatalog)
    // 16 samples in batches of 6 are 3 steps an epoch: two epochs, then one each.
    #expect(trainer.totalSteps == 6 + 3 + 3)
    let reports = try trainer.train(wholeGroup(job))
    #expect(reports.map(\.step) == Array(0..<12))
    #expect(reports.map(\.epoch) == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    #expect(trainer.progress.stage == 2)
    #expect(try value("first.weight", of: trainer).shape == [12, 9])
  }

  @Test func `begin with what the one before has learnt`() throws {
    let job = try tinyJob(Self.staged)
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let group = wholeGroup(job)
    _ = try trainer.train(group, until: 6)
    // Stopped before the first step of the second stage, which has begun.
    #expect(trainer.progress.stage == 1 && trainer.next == .step(6))
    let single = try trainedTiny(["average": .number(0.5), "validate.everySteps": .integer(2)])
    let (before, after) = (
      try value("first.weight", of: single), try value("first.weight", of: trainer)
    )
    #expect(after.shape == [12, 7])
    #expect(after.sliced(axis: 1, 0..<5).elements == before.elements)
    let fresh = after.sliced(axis: 1, 5..<7).elements
    #expect(Set(fresh).count > 20 && fresh.allSatisfy { $0 != 0 })
    #expect(try value("seen", of: trainer).elements == value("seen", of: single).elements)
    #expect(try value("training.updates", of: trainer).elements.allSatisfy { $0 == 0 })
  }

  @Test(arguments: [[], [1], [1, 2]])
  func `give the same weights wherever the replicas are`(borders: [Int]) throws {
    let expected = try trainedTiny(Self.staged, threads: 1).stateDigest
    for digest in try digests(of: Self.staged, borders: borders) { #expect(digest == expected) }
  }

  @Test(arguments: [4, 6, 8]) func `go on from a checkpoint of any of them`(step: Int) throws {
    try withTemporaryFolder { folder in
      let job = try tinyJob(Self.staged)
      let whole = try trainedTiny(Self.staged)
      let first = try Trainer(job, catalog: tinyCatalog)
      _ = try first.train(wholeGroup(job), until: step)
      let checkpoint = try Checkpoint.write(first, into: folder)
      let second = try Trainer(job, catalog: tinyCatalog)
      try second.resume(checkpoint)
      #expect(second.progress == first.progress)
      _ = try second.train(wholeGroup(job))
      #expect(second.stateDigest == whole.stateDigest)
      #expect(second.progress == whole.progress)
    }
  }
}
