import Data
import Foundation
import Messages
import TestSupport
import Testing
import Training
import Worlds

extension LiveTests {
  /// Data on disk, seen by all, by some, or by the coordinator alone.
  @Suite struct ServedData {
    private func makeData(at path: String) throws {
      let world = try DataSpecification(fields: [
        "world": .text("scenes"), "size": .integer(44), "imageSize": .integer(32),
        "validation": .integer(8), "test": .integer(8), "heldout": .integer(8),
      ])
      try VOCWriter.write(try ["train", "val"].map { try world.open(split: $0) }, to: path)
    }

    private func job(_ path: String, steps: Int = 6, _ changes: [String: JobValue] = [:])
      -> JobValue
    {
      TinyJobs.segment(
        steps: steps,
        [
          "data": .map(
            ["path": .text(path), "format": .text("voc")].merging(changes) { $1 }),
          "audit": .bool(true),
        ])
    }

    @Test(.timeLimit(.minutes(3)))
    func `data through the coordinator gives the same weights as local files`() throws {
      try withCluster { cluster in
        let path = "\(cluster.folder)/data"
        try makeData(at: path)
        let expected = try localDigest(job(path))
        let cache = "\(cluster.folder)/cache"
        for _ in 0..<2 { try cluster.start(cache: (cache, 1 << 20)) }
        while try cluster.status().workers.count < 2 {}
        let local = try cluster.submit(job(path))
        #expect(try cluster.digest(of: local) == expected)
        for _ in 0..<2 {
          let served = try cluster.submit(job(path, ["served": .bool(true)]))
          #expect(try cluster.digest(of: served) == expected)
          #expect(
            try DeliveryTable.rows(of: "\(cluster.folder(of: served))/deliveries.csv")
              == DeliveryTable.rows(of: "\(cluster.folder(of: local))/deliveries.csv"))
        }
        let rows = try DeliveryTable.rows(of: "\(cluster.folder(of: local))/deliveries.csv")
        #expect(rows.map(\.step) == [1, 2, 3, 4, 5, 6])
        #expect(rows[0..<3].flatMap(\.samples).sorted() == Array(0..<44))
        #expect(
          cluster.notes.all.contains { $0.contains("data: through the coordinator") })
        #expect(cluster.notes.all.contains { $0.contains("data: local files") })
      }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a coordinator that goes away and comes back costs the data's readers time only`() throws {
      try withCluster(canRestart: true) { cluster in
        let path = "\(cluster.folder)/data"
        try makeData(at: path)
        let job = job(path, steps: 60, ["served": .bool(true)])
        try cluster.start(workers: 2)
        let number = try cluster.submit(job)
        try cluster.wait(for: number) { $0.step >= 3 }
        cluster.stopCoordinator()
        try cluster.startCoordinator()
        let digest = try cluster.digest(of: number)
        #expect(try digest == localDigest(job))
      }
    }

    @Test(.timeLimit(.minutes(3)))
    func `shards through the coordinator give the weights of local ones when a worker is lost`()
      throws
    {
      try withCluster { cluster in
        let (path, shards) = ("\(cluster.folder)/data", "\(cluster.folder)/shards")
        try makeData(at: path)
        let writer = ShardWriter(folder: shards, shardBytes: 20_000)
        for split in ["train", "val"] {
          try writer.write(VOCSource(files: LocalFiles(path), split: split))
        }
        let data: [String: JobValue] = [
          "path": .text(shards), "format": .text("webdataset"), "served": .bool(true),
        ]
        let job = TinyJobs.segment(
          steps: 60, ["data": .map(data), "audit": .bool(true)])
        for _ in 0..<2 { try cluster.start(cache: ("\(cluster.folder)/cache", 1 << 20)) }
        while try cluster.status().workers.count < 2 {}
        let number = try cluster.submit(job)
        try cluster.wait(for: number) { $0.step >= 3 }
        cluster.workers[0].stop()
        #expect(try cluster.digest(of: number) == localDigest(job))
        #expect(try cluster.events().contains { $0.kind == .workerLost && $0.job == number })
        let rows = try DeliveryTable.rows(of: "\(cluster.folder(of: number))/deliveries.csv")
        #expect(rows[0..<3].flatMap(\.samples).sorted() == Array(0..<44))
      }
    }

    @Test(.timeLimit(.minutes(2)))
    func `data that the coordinator alone is to serve must be where it looks`() throws {
      try withCluster(workers: 1) { cluster in
        let failure = #expect(throws: Failure.self) {
          try cluster.submit(job("/nowhere/at/all", ["served": .bool(true)]))
        }
        #expect(failure?.field == "data.path")
      }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a worker that sees other files reads through the coordinator`() throws {
      try withCluster(workers: 1) { cluster in
        let path = "\(cluster.folder)/data"
        try makeData(at: path)
        let job = job(path, steps: 80)
        let expected = try localDigest(job)
        let number = try cluster.submit(job)
        try cluster.wait(for: number) { $0.step >= 1 }
        try write("more", to: "\(path)/extra.txt")
        try cluster.start()
        let reads =
          "through the coordinator: \(path) is not what the coordinator's list of it says: "
        #expect(
          try cluster.wait(untilTrue: {
            try cluster.status().workers.contains {
              $0.data?.way == reads + "extra.txt is here alone"
            }
          }))
        #expect(try cluster.digest(of: number) == expected)
      }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a worker that sees other files and may not be served is refused by name`() throws {
      try withCluster(workers: 1) { cluster in
        let path = "\(cluster.folder)/data"
        try makeData(at: path)
        let number = try cluster.submit(job(path, steps: 100_000, ["served": .bool(false)]))
        try cluster.wait(for: number) { $0.step >= 1 }
        try write("more", to: "\(path)/extra.txt")
        try cluster.start()
        #expect(
          try cluster.wait(untilTrue: {
            try cluster.status().workers.contains {
              $0.state == .unfit && $0.reason.contains("extra.txt is here alone")
            }
          }))
        #expect(try cluster.wait(for: number) { $0.state == .running }.state == .running)
        try cluster.cancel(number)
      }
    }
  }
}
