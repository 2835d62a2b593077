import Cluster
import Messages
import TestSupport
import Testing
import Training

import Recipes

/// The promise of the house: for one arithmetic fingerprint, the same bits however many workers run.
@Suite(.serialized) struct ExactnessTests {
  /// Batch norm, dropout and augmentation on, and a batch that does not divide the data set.
  static let segment: JobValue = .map([
    "recipe": .text("segment"),
    "data": .map(["world": .text("scenes"), "size": .integer(44), "imageSize": .integer(32), "validation": .integer(8), "test": .integer(8), "heldout": .integer(8)]),
    "batch": .integer(16), "replicas": .integer(8), "steps": .integer(4), "seed": .integer(7),
    "options": .map(["width": .integer(8), "levels": .integer(2), "dropout": .number(0.1)]),
  ])

  private func localDigest(_ value: JobValue, threads: Int) throws -> String {
    try withTemporaryFolder { folder in
      let run = try LocalRun(
        Job(value, catalog: houseCatalog), catalog: houseCatalog, output: "\(folder)/run",
        threads: threads) { _ in }
      return try #require(try run.run().checkpoint).modelDigest
    }
  }

  private func clusterDigest(
    _ value: JobValue, workers: Int, threads: Int = 1, exchange: ExchangeMode = .direct
  ) throws -> String {
    try withTemporaryFolder { folder in
      let cluster = try LiveCluster(folder: folder)
      defer { cluster.stop() }
      for _ in 0..<workers { try cluster.start(threads: threads, exchange: exchange) }
      while try cluster.status().workers.count < workers {}
      let job = try cluster.submit(value)
      let status = try cluster.wait(for: job)
      #expect(status.state == .finished, "\(status.reason) \(cluster.notes.all)")
      return try cluster.digest(of: job)
    }
  }

  @Test(.timeLimit(.minutes(5))) func `segment gives the same weights on any cluster`() throws {
    let expected = try localDigest(Self.segment, threads: 1)
    #expect(try localDigest(Self.segment, threads: 2) == expected)
    for workers in [1, 2, 3, 5, 8] {
      #expect(try clusterDigest(Self.segment, workers: workers) == expected, "\(workers) workers")
    }
    #expect(try clusterDigest(Self.segment, workers: 2, threads: 2) == expected)
    #expect(try clusterDigest(Self.segment, workers: 3, exchange: .hub) == expected)
    #expect(try clusterDigest(Self.segment, workers: 2, exchange: .tcp) == expected)
  }
}
