import TestSupport
import Testing
import Training

@Suite struct DeliveryTests {
  private func row(_ step: Int, _ epoch: Int, _ samples: [Int], count: Int = 5) -> DeliveryTable.Row
  {
    DeliveryTable.Row(step: step, stage: 0, epoch: epoch, count: count, samples: samples)
  }

  private var good: [DeliveryTable.Row] {
    [row(1, 0, [3, 0]), row(2, 0, [1, 4, 2]), row(3, 1, [0, 1]), row(4, 1, [2, 3, 4])]
  }

  @Test func `a run that was given everything once has no problems`() {
    let audit = DeliveryAudit(good)
    #expect(audit.problems.isEmpty)
    #expect(audit.epochs.map(\.once) == [5, 5])
    #expect(audit.firstDifference(from: audit) == nil)
    // It ended within its second epoch.
    let part = DeliveryAudit(Array(good.dropLast()))
    #expect(part.problems.isEmpty && part.epochs[1].isPart)
    #expect(part.firstDifference(from: audit) == "3 steps, not 4")
  }

  @Test func `what is missing, repeated or out of order is named`() {
    var rows = good
    rows[1] = row(2, 0, [1, 4, 4])
    let audit = DeliveryAudit(rows)
    #expect(
      audit.problems == ["epoch 1 lacks 1 samples: 2", "epoch 1 repeats 1 samples: 4"])
    #expect(
      audit.firstDifference(from: DeliveryAudit(good)) == "step 2 was [1, 4, 4], not [1, 4, 2]")
    rows = good
    rows.remove(at: 1)
    #expect(DeliveryAudit(rows).problems.first == "step 2 was to follow, 3 did")
    #expect(DeliveryAudit([row(1, 0, [7], count: 1)]).problems.count == 2)
    #expect(DeliveryAudit([]).problems == ["no steps are recorded"])
  }

  @Test func `an audited run records what its steps were made of`() throws {
    let expected = try localDeliveries(["epochs": .integer(2)])
    #expect(DeliveryAudit(expected).problems.isEmpty)
    #expect(DeliveryAudit(expected).epochs.count == 2)
    #expect(throws: JobError.self) {
      try tinyJob(["audit": .bool(true), "batch": .integer(20_000)])
    }
  }

  private func localDeliveries(_ changes: [String: JobValue]) throws -> [DeliveryTable.Row] {
    try withTemporaryFolder { folder in
      let run = try LocalRun(
        tinyJob(changes.merging(["audit": .bool(true)]) { $1 }), catalog: tinyCatalog,
        output: "\(folder)/run", threads: 2
      ) { _ in }
      _ = try run.run()
      return try DeliveryTable.rows(of: "\(folder)/run/\(DeliveryTable.fileName)")
    }
  }
}
