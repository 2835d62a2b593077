import Cluster
import Testing
import Training

/// All tests of live clusters, one after another: they share two cores.
@Suite(.serialized) struct LiveTests {}

extension LiveTests {
  /// The promise of the house: for one arithmetic fingerprint, the same bits however many workers run.
  @Suite struct Exactness {
    @Test(
      .timeLimit(.minutes(5)),
      arguments: [
        TinyJobs.segment(steps: 4), TinyJobs.clip(steps: 4),
      ])
    func `gives the same weights on any cluster`(job: JobValue) throws {
      let expected = try localDigest(job)
      #expect(try localDigest(job, threads: 2) == expected)
      for workers in [1, 2, 3, 5, 8] {
        let digest = try withCluster(workers: workers) { try $0.digest(of: $0.submit(job)) }
        #expect(digest == expected, "\(workers) workers")
      }
      for exchange in [ExchangeMode.hub, .tcp] {
        let digest = try withCluster(workers: 3, exchange: exchange) {
          try $0.digest(of: $0.submit(job))
        }
        #expect(digest == expected, "\(exchange)")
      }
      let digest = try withCluster { cluster in
        try cluster.start(threads: 2)
        try cluster.start(threads: 1)
        return try cluster.digest(of: cluster.submit(job))
      }
      #expect(digest == expected, "two threads beside one")
    }

    @Test(.timeLimit(.minutes(2)))
    func `workers that use the relay train with workers that do not`() throws {
      let job = TinyJobs.segment(steps: 4)
      let digest = try withCluster { cluster in
        try cluster.start(exchange: .hub)
        try cluster.start(exchange: .direct)
        try cluster.start(exchange: .tcp)
        while try cluster.status().workers.count < 3 {}
        return try cluster.digest(of: cluster.submit(job))
      }
      #expect(try digest == localDigest(job))
    }
  }
}
