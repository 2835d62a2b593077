import Data
import Foundation
import Messages
import TestSupport
import Testing
import Training
import Worlds

extension LiveTests {
  @Suite struct Failures {
    @Test(.timeLimit(.minutes(2)))
    func `a loss that is no number ends the job and keeps the last checkpoint`() throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(
          TinyJobs.segment(
            steps: 40, checkpointEvery: 1,
            // Decay of 10⁷ a step makes any weight overflow in a few of them.
            ["optimizer": .map(["learningRate": .number(1e6), "weightDecay": .number(10)])]))
        let status = try cluster.wait(for: job)
        #expect(status.state == .failed)
        #expect(status.reason.contains("step \(status.step)"))
        #expect(cluster.shelf(of: job).newestValid().0 != nil)
      }
    }

    /// A small data set on disk, one of whose images is damaged.
    private func damagedData(in folder: String) throws -> JobValue {
      let world = try DataSpecification(fields: [
        "world": .text("scenes"), "size": .integer(32), "imageSize": .integer(32),
        "validation": .integer(4), "test": .integer(4), "heldout": .integer(4),
      ])
      let path = "\(folder)/data"
      try VOCWriter.write(
        try ["train", "val"].map { try world.open(split: $0) }, to: path)
      let list = try String(
        contentsOfFile: "\(path)/ImageSets/Segmentation/train.txt", encoding: .utf8)
      let victim = try #require(list.split(separator: "\n").dropFirst(5).first)
      try write(Array("no image".utf8), to: "\(path)/JPEGImages/\(victim).png")
      return .map(["path": .text(path), "format": .text("voc")])
    }

    @Test(.timeLimit(.minutes(2))) func `a damaged image ends the job unless it may be skipped`()
      throws
    {
      try withCluster(workers: 2) { cluster in
        let data = try damagedData(in: cluster.folder)
        let failing = try cluster.submit(TinyJobs.segment(steps: 4, ["data": data]))
        let failed = try cluster.wait(for: failing)
        #expect(failed.state == .failed)
        #expect(failed.reason.contains("JPEGImages/"))
        let skipping = try cluster.submit(
          TinyJobs.segment(steps: 4, ["data": data, "onBadSample": .text("skip")]))
        let finished = try cluster.wait(for: skipping)
        #expect(finished.state == .finished, "\(finished.reason)")
        #expect(finished.skippedSamples == 2, "two epochs of 32 samples")
      }
    }

    @Test(.timeLimit(.minutes(2))) func `data that is not there ends the job`() throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(
          TinyJobs.segment(
            steps: 4, ["data": .map(["path": .text("/nowhere/at/all"), "format": .text("voc")])]))
        let status = try cluster.wait(for: job)
        #expect(status.state == .failed)
        #expect(status.reason.contains("/nowhere/at/all"))
        // The workers serve the next one.
        let next = try cluster.submit(TinyJobs.segment(steps: 2))
        #expect(try cluster.wait(for: next).state == .finished)
      }
    }

    @Test func `an output folder that cannot be written is refused`() throws {
      try withCluster { cluster in
        try write("in the way", to: "\(cluster.folder)/file")
        let failure = #expect(throws: Failure.self) {
          try cluster.submit(
            TinyJobs.segment(steps: 2, ["output": .text("\(cluster.folder)/file/run")]))
        }
        #expect(try #require(failure).field == "output")
        let output = ["output": JobValue.text("\(cluster.folder)/run")]
        _ = try cluster.submit(TinyJobs.segment(steps: 2, output))
        let second = #expect(throws: Failure.self) {
          try cluster.submit(TinyJobs.segment(steps: 2, output))
        }
        #expect(try #require(second).reason.contains("j1"))
      }
    }

    @Test func `a job that cannot be read is refused with its key named`() throws {
      try withCluster { cluster in
        let failure = #expect(throws: Failure.self) {
          try cluster.submit(TinyJobs.segment(steps: 2, ["bacth": .integer(3)]))
        }
        let refused = try #require(failure)
        #expect(refused.field == "bacth")
      }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a checkpoint that cannot be stored is left out and the training goes on`() throws {
      try withCluster { cluster in
        let job = try cluster.submit(TinyJobs.segment(steps: 8, checkpointEvery: 2))
        let blocked = "\(cluster.folder(of: job))/checkpoints/\(Checkpoint.name(step: 4))"
        try write("in the way", to: blocked)
        try cluster.start(workers: 2)
        let status = try cluster.wait(for: job)
        #expect(status.state == .finished, "\(status.reason)")
        let newest = try #require(cluster.shelf(of: job).newestValid().0)
        #expect(newest.progress.step == 8)
        #expect(status.checkpoint?.name == Checkpoint.name(step: 8))
        #expect(cluster.notes.all.contains { $0.contains("training on without a checkpoint") })
        #expect(try String(contentsOfFile: blocked, encoding: .utf8) == "in the way")
      }
    }
  }
}
