import Foundation
import TestSupport
import Testing

/// A cluster whose members are on hosts of their own, with addresses of their own: what a test
/// within one host cannot show (names that are reached, keys over TCP, links that are cut).
@Suite(
  .serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"),
  .enabled(if: Laboratory.obstacle == nil, Comment(rawValue: Laboratory.obstacle ?? "")))
struct LabTests {
  @Test func `workers on hosts of their own give the digest of one`()
    throws
  {
    try LabCluster.with { cluster in
      try train(tinyJob(), on: cluster)
      // Both had replicas: the digest of one alone would prove nothing.
      #expect(try cluster.operate("logs", "j1").contains("2 workers"))
      #expect(Set(try cluster.status().workers.map(\.host)).count == 2)
      let (found, expected) = (try cluster.digest(), try digestAlone(tinyJob()))
      #expect(found == expected)
    }
  }

  @Test func `workers that cannot reach each other go through the hub`()
    throws
  {
    try LabCluster.with(exchange: "hub") { cluster in
      try cluster.lab.command("cut", "2", "3")
      // The cut is real: there is no way between the two any more.
      #expect(throws: Laboratory.Failed.self) {
        try cluster.lab.command("exec", "2", "ip", "route", "get", Laboratory.address(3))
      }
      try train(tinyJob(), on: cluster)
      #expect(try cluster.operate("logs", "j1").contains("2 workers"))
      let (found, expected) = (try cluster.digest(), try digestAlone(tinyJob()))
      #expect(found == expected)
    }
  }

  @Test func `nobody without keys is admitted`() throws {
    try LabCluster.with { cluster in
      // All addresses and no key: who holds this speaks without encryption.
      let bytes = try Data(contentsOf: URL(filePath: cluster.join))
      var entries = try #require(
        try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
      for name in ["coordinatorKey", "publicKey", "secretKey"] {
        #expect(entries.removeValue(forKey: name) != nil, "\(name)")
      }
      try JSONSerialization.data(withJSONObject: entries)
        .write(to: URL(filePath: "\(cluster.folder)/keyless.json"))
      for arguments in [["status"], ["worker", "--threads", "1"]] {
        let run = try Program.run(
          arguments + ["--join", "keyless.json"], in: cluster.folder,
          through: cluster.lab.host(2), seconds: 30)
        #expect(run.status == 3, "\(arguments): \(run.output)\(run.errors)")
        #expect(run.output == "")
      }
    }
  }

  @Test func `a killed worker changes nothing but the time`() throws {
    let job = tinyJob(steps: 120)
    try LabCluster.with { cluster in
      try cluster.operate("submit", try write(job: job, in: cluster.folder))
      try waitForStep(10, on: cluster)
      try cluster.killWorker(on: 3)
      try waitForStep(20, on: cluster)
      try cluster.startWorker(on: 3)
      try waitForEnd(on: cluster)
      let log = try cluster.operate("logs", "j1")
      #expect(log.contains("workerLost"), "the job was over before the kill: \(log)")
      #expect(log.contains("1 workers"), "\(log)")
      let (found, expected) = (try cluster.digest(), try digestAlone(job))
      #expect(found == expected)
    }
  }

  @Test func `a worker whose computing hangs while its heart beats is put out`() throws {
    let job = tinyJob(steps: 120)
    try LabCluster.with { cluster in
      try cluster.operate("submit", try write(job: job, in: cluster.folder))
      try waitForStep(10, on: cluster)
      try cluster.hangWorker(on: 3)
      try waitForEnd(on: cluster)
      let log = try cluster.operate("logs", "j1")
      #expect(log.contains("workerExpelled: stuck"), "\(log)")
      #expect(log.contains("1 workers"), "\(log)")
      let (found, expected) = (try cluster.digest(), try digestAlone(job))
      #expect(found == expected)
      // Held at any place, it may hold what the others need: nobody ends it in good order.
      try cluster.killWorker(on: 3)
    }
  }

  @Test func `a killed coordinator finds its job again`() throws {
    let job = tinyJob(steps: 120)
    try LabCluster.with { cluster in
      try cluster.operate("submit", try write(job: job, in: cluster.folder))
      try waitForStep(10, on: cluster)
      try cluster.killCoordinatorAndStartAgain()
      try waitForEnd(on: cluster)
      let (found, expected) = (try cluster.digest(), try digestAlone(job))
      #expect(found == expected)
    }
  }

  @Test func `a link that is cut in the middle of a job is replaced by the hub`() throws {
    let job = tinyJob(steps: 150)
    try LabCluster.with { cluster in
      try cluster.operate("submit", try write(job: job, in: cluster.folder))
      try waitForStep(10, on: cluster)
      try cluster.lab.command("cut", "2", "3")
      try waitForEnd(on: cluster)
      let log = try cluster.operate("logs", "j1")
      #expect(log.contains("linkRelayed"), "the job was over before the cut: \(log)")
      // Nobody was lost or put out for it.
      #expect(!log.contains("workerLost") && !log.contains("workerExpelled"), "\(log)")
      let (found, expected) = (try cluster.digest(), try digestAlone(job))
      #expect(found == expected)
    }
  }

  @Test func `a worker cut from everybody comes back when the network is mended`() throws {
    let job = tinyJob(steps: 400)
    try LabCluster.with { cluster in
      try cluster.operate("submit", try write(job: job, in: cluster.folder))
      try waitForStep(10, on: cluster)
      for other in ["1", "2"] { try cluster.lab.command("cut", other, "3") }
      try wait(until: "the worker counts as lost") {
        try cluster.operate("logs", "j1").contains("silent for")
      }
      let lost = try cluster.status().jobs.first?.step ?? 0
      try waitForStep(lost + 5, on: cluster)
      for other in ["1", "2"] { try cluster.lab.command("mend", other, "3") }
      try waitForEnd(on: cluster)
      let opened = try cluster.operate("logs", "j1").split(separator: "\n")
        .filter { $0.contains("generationOpened") }
      #expect(opened.last?.contains("2 workers") == true, "\(opened)")
      let (found, expected) = (try cluster.digest(), try digestAlone(job))
      #expect(found == expected)
    }
  }

  @Test func `a suspended worker is lost by its silence and comes back when it goes on`() throws {
    let job = tinyJob(steps: 300)
    try LabCluster.with { cluster in
      try cluster.operate("submit", try write(job: job, in: cluster.folder))
      try waitForStep(10, on: cluster)
      try cluster.suspendWorker(on: 3)
      try wait(until: "the worker counts as lost") {
        try cluster.operate("logs", "j1").contains("silent for")
      }
      try cluster.resumeWorker(on: 3)
      try waitForEnd(on: cluster)
      let log = try cluster.operate("logs", "j1")
      #expect(!log.contains("workerExpelled"), "\(log)")
      let opened = log.split(separator: "\n").filter { $0.contains("generationOpened") }
      #expect(opened.last?.contains("2 workers") == true, "\(opened)")
      let (found, expected) = (try cluster.digest(), try digestAlone(job))
      #expect(found == expected)
    }
  }

  /// Submits a job from host 1 and follows it to its end.
  private func train(_ job: String, on cluster: LabCluster) throws {
    try cluster.operate("submit", try write(job: job, in: cluster.folder), "--watch")
  }

  private func waitForStep(_ step: Int, on cluster: LabCluster) throws {
    try wait(until: "step \(step)") { try cluster.status().jobs.first?.step ?? 0 >= step }
  }

  private func waitForEnd(on cluster: LabCluster) throws {
    try wait(until: "the job is finished", seconds: 120) {
      let state = try cluster.status().jobs.first?.state
      guard state != "failed" else { throw TookTooLong(what: try cluster.operate("logs", "j1")) }
      return state == "finished"
    }
  }
}
