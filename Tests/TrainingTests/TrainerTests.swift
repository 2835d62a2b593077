import Collectives
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@Suite(.timeLimit(.minutes(2))) struct TrainerTests {
  @Test(arguments: [1, 4])
  func `gives the same weights for any number of replicas`(replicas: Int) throws {
    let three = try trainedTiny()
    let other = try trainedTiny(["replicas": .integer(replicas)])
    for index in three.arena.entries.indices {
      #expect(
        agree(three.arena.value(at: index).elements, other.arena.value(at: index).elements, 1e-5),
        "\(three.arena.entries[index].name)")
    }
  }

  @Test func `has the same bits for any threads and hosting`() throws {
    let changes: [String: JobValue] = ["replicas": .integer(4), "average": .number(0.9)]
    let expected = try trainedTiny(changes, threads: 1).stateDigest
    #expect(try trainedTiny(changes, threads: 4).stateDigest == expected)
    for borders in [[1], [3], [1, 2, 3]] {
      let all = try digests(of: changes, borders: borders)
      #expect(all == Array(repeating: expected, count: borders.count + 1), "\(borders)")
    }
  }

  @Test func `depends on the seed`() throws {
    #expect(try trainedTiny().stateDigest == trainedTiny().stateDigest)
    #expect(try trainedTiny().stateDigest != trainedTiny(["seed": .integer(4)]).stateDigest)
  }

  @Test func `learns`() throws {
    let job = try tinyJob(["epochs": .integer(30), "optimizer.learningRate": .number(0.02)])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let reports = try trainer.train(wholeGroup(job))
    #expect(reports[0].numbers[0].name == "loss")
    let (early, late) = (reports[0].numbers[0].value, reports[reports.count - 1].numbers[0].value)
    #expect(late < 0.5 * early)
    #expect(reports.map(\.samples).reduce(0, +) == 30 * 16)
    #expect(reports.prefix(4).map(\.samples) == [6, 6, 4, 6])
    #expect(reports.prefix(4).map(\.epoch) == [0, 0, 0, 1])
  }

  @Test func `sees an update in the lines below it and nowhere else`() throws {
    let job = try tinyJob(["options.probe": .text("values")])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let index = try #require(trainer.arena.index(named: "second.weight"))
    let kernel = try #require(trainer.arena.index(named: "unused.kernel"))
    for step in 1...3 {
      let old = trainer.arena.value(at: index).elements[0]
      let report = try #require(trainer.train(wholeGroup(job), until: step).first)
      func number(_ name: String) -> Double? { report.numbers.first { $0.name == name }?.value }
      #expect(number("before") == Double(old))
      #expect(number("after") == Double(trainer.arena.value(at: index).elements[0]))
      #expect(number("after") != number("before"))
      #expect(number("kernel") == Double(trainer.arena.value(at: kernel).elements[0]))
    }
  }

  @Test func `gives a parameter that the loss does not reach an exact zero gradient`() throws {
    let job = try tinyJob(["optimizer.weightDecay": .number(0)])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let kernel = try #require(trainer.arena.index(named: "unused.kernel"))
    let before = trainer.arena.value(at: kernel).elements
    _ = try trainer.train(wholeGroup(job))
    #expect(trainer.arena.value(at: kernel).elements == before)
    let decayed = try trainedTiny(["optimizer.weightDecay": .number(0.1)])
    // AdamW shrinks what it updates, gradient or not: six steps of 1 − 0.01 · 0.1.
    let expected = before.map { $0 * Float(pow(0.999, 6)) }
    #expect(agree(decayed.arena.value(at: kernel).elements, expected, 1e-6))
  }

  @Test func `commits state and counts it once`() throws {
    let trainer = try trainedTiny()
    let seen = try #require(trainer.arena.index(named: "seen"))
    #expect(trainer.arena.value(at: seen).elements == [32, 6])
  }

  @Test func `takes everything back when a step fails after an early update`() throws {
    try withTemporaryFolder { folder in
      let mark = "\(folder)/fail"
      let changes: [String: JobValue] = ["options.failing": .text(mark)]
      let expected = try trainedTiny(changes).stateDigest
      let job = try tinyJob(changes)
      let trainer = try Trainer(job, catalog: tinyCatalog)
      let group = wholeGroup(job)
      _ = try trainer.train(group, until: 2)
      let (bytes, progress) = (Array(trainer.arena.bytes), trainer.progress)
      try TestSupport.write("", to: mark)
      try trainer.prepare(hosted: group.hosted)
      #expect(throws: Tiny.Failure.self) { try trainer.runStep(group) }
      #expect(Array(trainer.arena.bytes) == bytes)
      #expect(trainer.progress == progress)
      // The same step again, with the batch that was given back.
      try FileManager.default.removeItem(atPath: mark)
      _ = try trainer.runStep(group)
      trainer.stop()
      _ = try trainer.train(group)
      #expect(trainer.stateDigest == expected)
    }
  }

  @Test(arguments: [true, false])
  func `stops at a loss that is not finite and says the step`(alternates: Bool) throws {
    let job = try tinyJob([
      "options.notFinite": .integer(2), "options.alternates": .bool(alternates),
    ])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let group = wholeGroup(job)
    _ = try trainer.train(group, until: 2)
    let bytes = Array(trainer.arena.bytes)
    do {
      _ = try trainer.train(group)
      Issue.record("no error")
    } catch let TrainingError.notFinite(step, what, value) {
      #expect(step == 2)
      #expect(what == "loss")
      #expect(value.isNaN)
    }
    #expect(Array(trainer.arena.bytes) == bytes)
    #expect(trainer.progress.step == 2)
  }

  @Test func `evaluates at other values without keeping state`() throws {
    let job = try tinyJob(["options.probe": .text("virtual")])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    for report in try trainer.train(wholeGroup(job)) {
      let numbers = Dictionary(uniqueKeysWithValues: report.numbers.map { ($0.name, $0.value) })
      let (virtual, real) = (try #require(numbers["virtual"]), try #require(numbers["real"]))
      #expect(abs(virtual - 2 * real) < 1e-6)
    }
    let seen = try #require(trainer.arena.index(named: "seen"))
    #expect(trainer.arena.value(at: seen).elements == [32, 6])
  }

  @Test func `takes gradients of gradients`() throws {
    let job = try tinyJob(["options.probe": .text("second"), "replicas": .integer(2)])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let reports = try trainer.train(wholeGroup(job))
    for report in reports {
      let curvature = try #require(report.numbers.first { $0.name == "curvature" }?.value)
      #expect(curvature.isFinite && curvature > 1e-6)
    }
  }

  @Test func `asks the system for no memory in steady state`() async {
    // In a process of its own: the pool is shared with every test that runs meanwhile.
    await #expect(processExitsWith: .success) {
      let job = try tinyJob(["steps": .integer(700), "epochs": .null])
      let trainer = try Trainer(job, catalog: tinyCatalog)
      let group = wholeGroup(job)
      try trainer.prepare(hosted: group.hosted)
      defer { trainer.stop() }
      // How far loading is ahead varies, so warming up may take a few rounds; a step that keeps or
      // asks for memory does so in every round.
      for _ in 0..<20 {
        let before = MemoryPool.shared.usage.systemAllocations
        for _ in 0..<30 { _ = try trainer.runStep(group) }
        if MemoryPool.shared.usage.systemAllocations == before { return }
      }
      preconditionFailure("every round asked the system for memory")
    }
  }
}
