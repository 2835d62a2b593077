import Foundation
import TestSupport
import Testing

/// Which samples committed steps were made of, while workers are killed and join and the coordinator
/// is killed: every one once an epoch, in the order of one worker, however the data is reached.
///
/// `make audit` prints the tables; MARTLET_AUDIT_EPOCHS says how long the trainings are.
@Suite(
  .serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"),
  .enabled(if: Laboratory.obstacle == nil, Comment(rawValue: Laboratory.obstacle ?? "")))
struct AuditTests {
  enum Way: String, CaseIterable {
    case world = "a world by name"
    case seen = "a path that every worker sees"
    case served = "a path that only the coordinator sees"
    case packed = "shards that only the coordinator sees"
  }

  static let asked = ProcessInfo.processInfo.environment["MARTLET_AUDIT_EPOCHS"].flatMap { Int($0) }
  static let epochs = asked ?? 3
  static let stepsPerEpoch = 25

  static func job(_ data: String) -> String {
    """
    recipe: segment
    data: \(data)
    batch: 8
    replicas: 4
    epochs: \(epochs)
    seed: 7
    options: { width: 8, levels: 2, dropout: 0.1 }
    checkpoint: { everySteps: 10, keep: 2 }
    audit: true

    """
  }

  /// 195 samples, so that the last batch of an epoch is short.
  static let world =
    "{ world: scenes, size: 195, imageSize: 64, validation: 8, test: 8, heldout: 8 }"

  @Test(arguments: Way.allCases)
  func `every sample is delivered once an epoch and in one order`(way: Way) throws {
    try withTemporaryFolder { home in
      let path = "\(home)/data"
      if way != .world {
        let options = ["size=195", "imageSize=64", "validation=8", "test=8", "heldout=8"]
        let written = try Program.run(
          ["data", "make", "scenes", "--out", path] + options.flatMap { ["--set", $0] }, in: home)
        #expect(written.status == 0, "\(written.errors)")
      }
      let shards = "\(home)/shards"
      if way == .packed {
        let packed = try Program.run(
          ["data", "pack", path, "--out", shards, "--shard-size", "1"], in: home)
        #expect(packed.status == 0, "\(packed.errors)")
      }
      let data =
        switch way {
        case .world: Self.world
        case .seen: "{ path: \(path), format: voc }"
        case .served: "{ path: \(path), format: voc, served: true }"
        case .packed: "{ path: \(shards), format: webdataset, served: true }"
        }
      let hidden: String? =
        switch way {
        case .world, .seen: nil
        case .served: path
        case .packed: shards
        }
      let alone = try Program.run(
        [
          "run", try write(job: Self.job(data), in: home), "--threads", "2", "--output",
          "\(home)/alone",
        ], in: home, seconds: 600)
      #expect(alone.status == 0, "\(alone.errors)")
      try LabCluster.with(workers: 3, hiding: hidden) { cluster in
        try cluster.operate("submit", try write(job: Self.job(data), in: cluster.folder))
        // Kills, joins and a restart in each epoch, at other steps of it each time.
        for epoch in 0..<Self.epochs {
          let start = epoch * Self.stepsPerEpoch
          let victim = 2 + epoch % 3
          try waitForStep(start + 4 + epoch, of: cluster)
          try cluster.killWorker(on: victim)
          try waitForStep(start + 9, of: cluster)
          try cluster.startWorker(on: victim, hiding: hidden)
          try waitForStep(start + 14 + epoch, of: cluster)
          try cluster.killCoordinatorAndStartAgain()
        }
        try wait(until: "the job is finished", seconds: 300) {
          let state = try cluster.status().jobs.first?.state
          guard state != "failed" else {
            throw TookTooLong(what: try cluster.operate("logs", "j1"))
          }
          return state == "finished"
        }
        try cluster.operate("fetch", "j1", "--to", "\(home)/cluster")
        let audit = try Program.run(
          ["data", "audit", "\(home)/cluster", "\(home)/alone"], in: home)
        if Self.asked != nil { print("\(way.rawValue)\n\(audit.output)") }
        #expect(audit.status == 0, "\(audit.output)\(audit.errors)")
        #expect(audit.output.contains("the same samples in the same order"))
        let rows = audit.output.split(separator: "\n").dropFirst().prefix(Self.epochs)
        #expect(
          rows.map { $0.split(separator: " ").dropFirst().map { Int($0) } }
            == Array(repeating: [25, 195, 195, 0, 0], count: Self.epochs))
        #expect(
          try sha256(of: "\(home)/cluster/model.safetensors")
            == sha256(of: "\(home)/alone/model.safetensors"))
      }
    }
  }

  private func waitForStep(_ step: Int, of cluster: LabCluster) throws {
    try wait(until: "step \(step)", seconds: 120) {
      let job = try cluster.status().jobs.first
      guard job?.state != "failed" else {
        throw TookTooLong(what: try cluster.operate("logs", "j1"))
      }
      return job?.step ?? 0 >= step
    }
  }
}
