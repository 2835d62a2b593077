import Messages
import Testing
import Training

extension LiveTests {
  @Suite struct Membership {
    static let job = TinyJobs.segment(steps: 80)
    static let expected = Result { try localDigest(job) }

    @Test(.timeLimit(.minutes(2)))
    func `a worker that joins in the middle takes its share`() throws {
      try withCluster(workers: 1) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 2 }
        try cluster.start()
        let status = try cluster.wait(for: job) { $0.state == .running && $0.workers == 2 }
        #expect(status.state == .running, "the job was over before the worker joined")
        let replicas = try cluster.status().workers.compactMap(\.replicas?.range)
        #expect(replicas == [0..<4, 4..<8])
        #expect(try cluster.digest(of: job) == Self.expected.get())
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [0, 1])
    func `the rest finishes when a worker is lost in the middle`(lost: Int) throws {
      try withCluster(workers: 3) { cluster in
        let job = try cluster.submit(Self.job)
        let before = try cluster.wait(for: job) { $0.step >= 2 }
        #expect(before.state == .running)
        cluster.workers[lost].stop()
        #expect(try cluster.digest(of: job) == Self.expected.get())
        let events = try cluster.events()
        #expect(events.contains { $0.kind == .workerLost && $0.job == job })
        #expect(events.count { $0.kind == .generationOpened } >= 2)
      }
    }

    @Test(.timeLimit(.minutes(2))) func `a worker that leaves hands its replicas over`() throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 2 }
        cluster.workers[0].leave("the test is done with it")
        cluster.waitForEnd(of: 0)
        #expect(try cluster.digest(of: job) == Self.expected.get())
        let left = try #require(try cluster.events().first { $0.kind == .workerLeft })
        #expect(left.text.contains("the test is done with it"))
      }
    }

    @Test(.timeLimit(.minutes(2))) func `jobs run in the order they were submitted`() throws {
      try withCluster { cluster in
        let first = try cluster.submit(TinyJobs.segment(steps: 4))
        let second = try cluster.submit(TinyJobs.segment(steps: 3))
        let waiting = try cluster.status().jobs
        #expect(waiting.map(\.state) == [.queued, .queued])
        #expect(try cluster.wait(for: first) { !$0.reason.isEmpty }.reason == "no worker is connected")
        try cluster.start()
        #expect(try cluster.wait(for: second).state == .finished)
        let events = try cluster.events()
        let ended = try #require(events.first { $0.job == first && $0.kind == .jobFinished })
        let began = try #require(events.first { $0.job == second && $0.kind == .generationPrepared })
        #expect(ended.sequence < began.sequence)
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [
      ["workers": JobValue.integer(1)], ["replicas": .integer(1)],
    ])
    func `workers that a job has no use for are spares`(limit: [String: JobValue]) throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(TinyJobs.segment(steps: 80, limit))
        let running = try cluster.wait(for: job) { $0.step >= 1 }
        #expect(running.workers == 1)
        let states = try cluster.status().workers.map(\.state)
        #expect(states == [.running, .idle])
        // The spare is there when it is needed.
        cluster.workers[0].stop()
        #expect(try cluster.wait(for: job).state == .finished)
        #expect(try cluster.events().contains { $0.kind == .workerLost && $0.job == job })
      }
    }
  }
}
