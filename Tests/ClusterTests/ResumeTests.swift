import Foundation
import Messages
import TestSupport
import Testing
import Training

extension LiveTests {
  @Suite struct Resume {
    static let value = TinyJobs.segment(steps: 60, checkpointEvery: 4)
    static let expected = Result { try localDigest(value) }

    /// Begins the job and cancels it once it has a checkpoint.
    private func interrupted(_ cluster: LiveCluster) throws -> JobID {
      let job = try cluster.submit(Self.value)
      let status = try cluster.wait(for: job) { $0.checkpoint != nil }
      #expect(status.state == .running)
      try cluster.cancel(job)
      #expect(try cluster.wait(for: job).state == .cancelled)
      return job
    }

    @Test(.timeLimit(.minutes(2)))
    func `goes on where a cancelled job stopped, with other settings too`() throws {
      try withCluster(workers: 2) { cluster in
        let first = try interrupted(cluster)
        let same = try cluster.submit(Self.value, resume: "\(first)")
        #expect(try cluster.digest(of: same) == Self.expected.get())
        let longer = try cluster.submit(
          TinyJobs.segment(
            steps: 64, ["optimizer": .map(["learningRate": .number(1e-4)])]),
          resume: "\(same)")
        #expect(try cluster.digest(of: longer) != Self.expected.get())
        let openings = try cluster.events().filter { $0.kind == .generationOpened }
        #expect(openings.filter { $0.job == same }.allSatisfy { $0.text.contains("checkpoint") })
        let status = try cluster.wait(for: longer)
        #expect(status.step == 64 && status.samples <= 4 * 16)
      }
    }

    @Test(.timeLimit(.minutes(2))) func `other weights to begin with are reported on`() throws {
      try withCluster(workers: 2) { cluster in
        let first = try cluster.submit(TinyJobs.segment(steps: 2))
        #expect(try cluster.wait(for: first).state == .finished)
        let newest = try #require(cluster.shelf(of: first).newestValid().0)
        let tuned = try cluster.submit(
          TinyJobs.segment(
            steps: 2,
            [
              "init": .text("\(newest.path)/model.safetensors"),
              "options": .map([
                "width": .integer(8), "levels": .integer(2), "embedding": .integer(6),
              ]),
            ]))
        let status = try cluster.wait(for: tuned)
        #expect(status.state == .finished, "\(status.reason)")
        let path = "\(cluster.folder)/store/jobs/\(tuned)/initial-weights.txt"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("tensors loaded; shapes differ: embedding."))
      }
    }

    @Test(.timeLimit(.minutes(2))) func `a cancelled job keeps the last step it committed`() throws
    {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(TinyJobs.segment(steps: 10_000))
        let running = try cluster.wait(for: job) { $0.step >= 3 }
        #expect(running.checkpoint == nil)
        try cluster.cancel(job)
        let stored = try cluster.wait(untilTrue: { cluster.shelf(of: job).newestValid().0 != nil })
        #expect(stored)
        let checkpoint = try #require(cluster.shelf(of: job).newestValid().0)
        #expect(checkpoint.progress.step >= running.step)
      }
    }

    @Test(.timeLimit(.minutes(2)))
    func `new workers take the newest checkpoint when all were lost`() throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(Self.value)
        let status = try cluster.wait(for: job) { $0.checkpoint != nil }
        #expect(status.state == .running)
        for worker in cluster.workers { worker.stop() }
        let waiting = try cluster.wait(for: job) { $0.state == .waiting }
        #expect(waiting.reason == "no worker is connected")
        try cluster.start()
        #expect(try cluster.digest(of: job) == Self.expected.get())
        let last = try #require(try cluster.events().last { $0.kind == .generationOpened })
        #expect(last.text.contains("from checkpoint step-"))
      }
    }

    @Test(.timeLimit(.minutes(2))) func `an altered checkpoint is refused with its file named`()
      throws
    {
      try withCluster(workers: 1) { cluster in
        let job = try interrupted(cluster)
        let names = cluster.shelf(of: job).names
        let newest = "\(cluster.folder(of: job))/checkpoints/\(try #require(names.last))"
        let model = "\(newest)/\(Checkpoint.modelFile)"
        let bytes = try Foundation.Data(contentsOf: URL(fileURLWithPath: model))
        try write(Array(bytes.dropLast(1)), to: model)
        let cut = #expect(throws: Failure.self) { try cluster.submit(Self.value, resume: newest) }
        #expect(try #require(cut).reason.contains("model.safetensors has"))
        try write(Array(bytes.dropLast(1)) + [bytes[0] ^ 1], to: model)
        let altered = #expect(throws: Failure.self) {
          try cluster.submit(Self.value, resume: newest)
        }
        #expect(try #require(altered).reason.contains("model.safetensors was altered"))
        let absent = #expect(throws: Failure.self) {
          try cluster.submit(Self.value, resume: "j99")
        }
        #expect(try #require(absent).reason.contains("j99"))
      }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a checkpoint that goes bad before it is read ends the job`() throws {
      try withCluster(workers: 1) { cluster in
        let job = try interrupted(cluster)
        cluster.workers[0].stop()
        cluster.waitForEnd(of: 0)
        let next = try cluster.submit(Self.value, resume: "\(job)")
        let name = try #require(cluster.shelf(of: next).names.last)
        let state = "\(cluster.folder(of: next))/checkpoints/\(name)/\(Checkpoint.stateFile)"
        try write([UInt8](repeating: 0, count: 100), to: state)
        try cluster.start()
        let status = try cluster.wait(for: next)
        #expect(status.state == .failed)
        #expect(status.reason.contains("state.safetensors"))
      }
    }
  }
}
