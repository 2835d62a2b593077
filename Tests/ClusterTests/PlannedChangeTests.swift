import Messages
import Testing
import Training

extension LiveTests {
  /// Members that come and go as planned: nothing is computed twice.
  @Suite struct PlannedChanges {
    static let job = TinyJobs.segment(
      steps: 80, ["validate": .map(["everySteps": .integer(10)])])
    static let expected = Result { try localDigest(job) }

    /// What workers said of steps that had to begin again.
    private func dropped(_ cluster: LiveCluster) -> [String] {
      cluster.notes.all.filter { $0.contains("is dropped and begins again") }
    }

    @Test(.timeLimit(.minutes(2))) func `a join loses no step`() throws {
      try withCluster(workers: 1) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 2 }
        try cluster.start()
        try cluster.start()
        let status = try cluster.wait(for: job) { $0.state == .running && $0.workers == 3 }
        #expect(status.workers == 3, "the job was over before the workers joined")
        #expect(try cluster.digest(of: job) == Self.expected.get())
        #expect(dropped(cluster) == [])
        let events = try cluster.events()
        #expect(events.contains { $0.kind == .generationPrepared && $0.text.hasSuffix("can join") })
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [0, 1])
    func `a worker that is asked to go loses no step`(leaver: Int) throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 2 }
        cluster.workers[leaver].leave("asked by the system")
        cluster.waitForEnd(of: leaver)
        #expect(try cluster.wait(for: job) { $0.workers == 1 }.state != .finished)
        #expect(try cluster.digest(of: job) == Self.expected.get())
        #expect(dropped(cluster) == [])
        let states = try cluster.status().workers.map(\.state)
        #expect(states.contains(.drained))
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [true, false])
    func `a drained worker hands over and ends`(byNumber: Bool) throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 2 }
        // These workers' names are w0 and w1, their numbers w1 and w2.
        let worker = try #require(
          try cluster.status().workers.first {
            byNumber ? $0.worker.number == 2 : $0.name == "w0"
          })
        #expect(throws: Failure.self) { try cluster.drain("w1") }
        try cluster.drain(byNumber ? "w2" : "w0")
        cluster.waitForEnd(of: worker.name == "w0" ? 0 : 1)
        #expect(try cluster.digest(of: job) == Self.expected.get())
        #expect(dropped(cluster) == [])
        let gone = try #require(
          try cluster.status().workers.first { $0.worker == worker.worker })
        #expect(gone.state == .drained && gone.reason == "by the test")
      }
    }

    @Test func `nobody is drained by a name that nobody has`() throws {
      try withCluster(workers: 1) { cluster in
        _ = #expect(throws: Failure.self) { try cluster.drain("w7") }
      }
    }

    @Test(.timeLimit(.minutes(2)))
    func `the only worker leaves its last step behind for the next`() throws {
      try withCluster(workers: 1) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 5 }
        try cluster.drain("w1")
        cluster.waitForEnd(of: 0)
        let waiting = try cluster.wait(for: job) { $0.state == .waiting && $0.checkpoint != nil }
        // No checkpoint was asked for, so this one is of the moment it left.
        #expect(waiting.checkpoint?.position == waiting.position)
        #expect(waiting.step >= 5 && waiting.step < 80)
        try cluster.start()
        #expect(try cluster.digest(of: job) == Self.expected.get())
        #expect(dropped(cluster) == [])
        let opened = try cluster.events().filter { $0.kind == .generationOpened }
        #expect(opened.last?.text.contains("checkpoint step-") == true, "\(opened)")
      }
    }

    @Test(.timeLimit(.minutes(2))) func `all workers may leave at once`() throws {
      try withCluster(workers: 3) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 5 }
        for worker in cluster.workers { worker.leave("the machine goes down") }
        for worker in 0..<3 { cluster.waitForEnd(of: worker) }
        let waiting = try cluster.wait(for: job) { $0.state == .waiting }
        #expect(waiting.checkpoint?.position == waiting.position)
        try cluster.start()
        #expect(try cluster.digest(of: job) == Self.expected.get())
        #expect(dropped(cluster) == [])
      }
    }

    @Test(.timeLimit(.minutes(2))) func `a killed worker's step does begin again`() throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(Self.job)
        try cluster.wait(for: job) { $0.step >= 2 }
        cluster.workers[1].stop()
        #expect(try cluster.digest(of: job) == Self.expected.get())
        #expect(dropped(cluster) != [])
      }
    }
  }
}
