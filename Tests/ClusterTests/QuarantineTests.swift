import Messages
import Synchronization
import Testing
import Training

extension LiveTests {
  @Suite struct Quarantine {
    static let job = TinyJobs.segment(steps: 40, checkpointEvery: 10)
    static let expected = Result { try localDigest(job) }

    /// Changes one bit of the state that the commit of `step` leaves behind, the first time.
    private func flip(after step: Int) -> @Sendable (Trainer) -> Void {
      let isDone = Mutex(false)
      return { trainer in
        guard trainer.progress.step == step, trainer.progress.passes == 0,
          isDone.withLock({ isDone in
            defer { isDone = true }
            return !isDone
          })
        else { return }
        trainer.arena.bytes[1001] ^= 8
      }
    }

    /// A cluster whose worker number `wrong` spoils its state once.
    private func run(
      workers: Int, wrong: Int, after step: Int, _ check: (LiveCluster, JobID) throws -> Void
    ) throws {
      try withCluster { cluster in
        for worker in 0..<workers {
          try cluster.start(beforeDigest: worker == wrong ? flip(after: step) : nil)
        }
        while try cluster.status().workers.count < workers {}
        let job = try cluster.submit(Self.job)
        #expect(try cluster.digest(of: job) == Self.expected.get(), "\(cluster.notes.all)")
        let states = try cluster.status().workers.sorted { $0.name < $1.name }
        #expect(states[wrong].state == .quarantined)
        #expect(states.count { $0.state == .quarantined } == 1)
        try check(cluster, job)
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [0, 2])
    func `of three workers the one whose memory changed is put out`(wrong: Int) throws {
      try run(workers: 3, wrong: wrong, after: 12) { cluster, _ in
        let events = try cluster.events()
        #expect(events.contains { $0.kind == .workerQuarantined })
        #expect(!events.contains { $0.kind == .jobRewound })
        #expect(!events.contains { $0.kind == .digestDiffers })
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [0, 1])
    func `two workers go back and find out who is wrong`(wrong: Int) throws {
      try run(workers: 2, wrong: wrong, after: 14) { cluster, _ in
        let events = try cluster.events()
        let rewound = try #require(events.first { $0.kind == .jobRewound })
        #expect(rewound.text.contains("from checkpoint step-00000010"))
        #expect(!events.contains { $0.kind == .digestDiffers })
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [0, 1])
    func `two workers without a checkpoint begin again`(wrong: Int) throws {
      try run(workers: 2, wrong: wrong, after: 4) { cluster, _ in
        let rewound = try #require(try cluster.events().first { $0.kind == .jobRewound })
        #expect(rewound.text.contains("from the beginning"))
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [10, 40])
    func `a spoilt checkpoint is not what the job goes back to`(step: Int) throws {
      try run(workers: 2, wrong: 0, after: step) { cluster, job in
        let events = try cluster.events()
        #expect(events.contains { $0.kind == .jobRewound })
        let (newest, problems) = cluster.shelf(of: job).newestValid()
        #expect(newest?.progress.step == 40 && problems.isEmpty)
      }
    }

    @Test(.timeLimit(.minutes(2))) func `the recorded digests are those of one process`() throws {
      try run(workers: 3, wrong: 0, after: 12) { cluster, job in
        guard case .digests(let digests) = try cluster.ask(.digests(DigestsRequest(job: job)))
        else { throw LiveCluster.Unexpected() }
        let alone = try localDigests(Self.job)
        #expect(digests.isComplete && digests.commits.count == alone.count)
        #expect(digests.commits.map(\.digest) == alone.map(\.digest))
        #expect(!digests.fingerprint.isEmpty)
        let rows = try DigestTable.rows(
          of: "\(cluster.folder(of: job))/\(DigestTable.fileName)")
        #expect(rows.filter { $0.step != 12 } == alone.filter { $0.step != 12 })
      }
    }
  }
}
