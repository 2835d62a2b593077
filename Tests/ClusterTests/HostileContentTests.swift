import Cluster
import Coordination
import Foundation
import Messages
import TestSupport
import Testing

/// Well-formed messages of members that mean no good.
@Suite struct HostileContentTests {
  @Test func `keeps records and reports whose numbers are not finite`() throws {
    try withTemporaryFolder { folder in
      let request = JobRequest(name: "n", specification: "{}", replicas: 1)
      var record = JobRecord(job: JobID(1), request: request, state: .running)
      record.loss = .nan
      record.scores = [NamedNumber("mIoU", -.infinity)]
      var report = StepReport(
        position: Position(step: .max), step: .max, stepsTotal: 1, loss: .infinity)
      report.scalars = [NamedNumber("a", .nan)]
      let store = try Store(path: folder)
      try store.persist(.job(record))
      #expect(try store.record([report, report], of: JobID(.max)).new.count == 1)
      guard case .job(let kept)? = try store.records().first else {
        Issue.record("no record was kept")
        return
      }
      #expect(kept.loss?.isNaN == true)
      #expect(kept.scores == record.scores)
    }
  }

  @Test(arguments: [1, 3, UInt64.max])
  func `takes files of the present generation alone`(generation: UInt64) throws {
    let files = JobFiles { _, _ in }
    try withTemporaryFolder { folder in
      var record = JobRecord(
        job: JobID(1), request: JobRequest(name: "n", specification: "{}", replicas: 1),
        state: .running)
      record.generation = Generation(2)
      files.know(record, folder: folder)
      func place(_ number: UInt64) throws -> String {
        try files.place(
          Offer(
            transfer: TransferID(1), job: JobID(1), generation: Generation(number), name: "a",
            size: 1, sha256: []), from: Incarnation(1))
      }
      #expect(throws: Failure.self) { try place(generation) }
      let path = try place(2)
      #expect(path == "\(folder)/a")
    }
  }
}
