import Collectives
import Data
import Foundation
import Layers
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

@Suite(.timeLimit(.minutes(2))) struct LocalRunTests {
  private let changes: [String: JobValue] = [
    "epochs": .integer(3), "checkpoint.everySteps": .integer(2), "checkpoint.keep": .integer(2),
    "validate.everySteps": .integer(3), "average": .number(0.8),
  ]

  private func finish(_ output: String, resume: Checkpoint? = nil) throws -> LocalRun.Result {
    try LocalRun(
      tinyJob(changes), catalog: tinyCatalog, output: output, threads: 2, resume: resume
    ) { _ in }.run()
  }

  @Test func `writes what a person wants to see`() throws {
    try withTemporaryFolder { folder in
      let result = try finish("\(folder)/run")
      #expect(result.ending == .finished)
      let path = result.folder
      for name in [
        "job.json", "scores.json", "scalars.csv", "model.safetensors",
        "model-average.safetensors", "events.out.tfevents.martlet",
      ] {
        #expect(Files.isFile("\(path)/\(name)"), "\(name)")
      }
      for name in [RunFolder.contactSheetFile, RunFolder.lossCurveFile] {
        #expect(try Files.bytes(of: "\(path)/\(name)").starts(with: [0x89, 0x50, 0x4E, 0x47]))
      }
      let checkpoint = try #require(result.checkpoint)
      #expect(try Digest.sha256(file: "\(path)/model.safetensors") == checkpoint.modelDigest)
      let lines = try Files.lines(of: "\(path)/scalars.csv")
      #expect(lines.filter { $0.contains(",loss,") }.count == 9)
      #expect(lines.filter { $0.contains(",val/closeness,") }.count == 3)
      #expect(lines.filter { $0.contains(",test/closeness,") }.count == 1)
      #expect(lines.filter { $0.contains(",learningRate,") }.count == 9)
      let kept = CheckpointShelf(folder: "\(path)/checkpoints", keep: 2).names
      #expect(kept.suffix(1) == ["step-00000009"])
      let best = try #require(result.progress.best?.step)
      #expect(kept.contains(Checkpoint.name(step: best)))
      #expect(kept.count <= 3)
    }
  }

  @Test func `stops between steps and continues to the same weights`() throws {
    try withTemporaryFolder { folder in
      let whole = try #require(finish("\(folder)/whole").checkpoint)
      let run = Mutex<LocalRun?>(nil)
      let first = try LocalRun(
        tinyJob(changes), catalog: tinyCatalog, output: "\(folder)/part", threads: 2
      ) { event in
        if case .step(let report) = event, report.step == 3 { run.withLock { $0 }?.stop() }
      }
      run.withLock { $0 = first }
      let stopped = try first.run()
      run.withLock { $0 = nil }
      #expect(stopped.ending == .stopped)
      #expect(stopped.progress.step == 4)
      let checkpoint = try #require(stopped.checkpoint)
      let second = try finish("\(folder)/part", resume: Checkpoint.open(checkpoint.path))
      #expect(second.checkpoint?.modelDigest == whole.modelDigest)
      #expect(second.checkpoint?.files == whole.files)
      let rows = try ["whole", "part"].map { try Files.lines(of: "\(folder)/\($0)/scalars.csv") }
      #expect(rows[0] == rows[1])
    }
  }

  @Test func `continues from an older checkpoint without repeating rows`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/run"
      let whole = try finish(path)
      let rows = try Files.lines(of: "\(path)/scalars.csv")
      let shelf = CheckpointShelf(folder: "\(path)/checkpoints", keep: 2)
      let older = try #require(shelf.names.first)
      let again = try finish(path, resume: Checkpoint.open("\(shelf.folder)/\(older)"))
      #expect(again.checkpoint?.modelDigest == whole.checkpoint?.modelDigest)
      #expect(Set(try Files.lines(of: "\(path)/scalars.csv")) == Set(rows))
    }
  }

  @Test func `refuses a folder with another run's results`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/run"
      _ = try finish(path)
      let before = try Files.lines(of: "\(path)/scalars.csv")
      let error = #expect(throws: JobError.self) { try finish(path) }
      #expect(error?.key == "output")
      #expect(error?.problem.contains("--resume \(path)") == true)
      #expect(try Files.lines(of: "\(path)/scalars.csv") == before)
    }
  }

  @Test func `keeps the last good checkpoint when the loss is not finite`() throws {
    try withTemporaryFolder { folder in
      var changes = changes
      changes["options.notFinite"] = .integer(5)
      let run = try LocalRun(
        tinyJob(changes), catalog: tinyCatalog, output: folder, threads: 2
      ) { _ in }
      let error = #expect(throws: TrainingError.self) { try run.run() }
      #expect(error.map { "\($0)".hasPrefix("step 5: the loss is nan") } == true)
      let shelf = CheckpointShelf(folder: "\(folder)/checkpoints", keep: 2)
      #expect(shelf.newestValid().0?.progress.step == 4)
    }
  }

  @Test func `keeps the training when its last pass fails`() throws {
    try withTemporaryFolder { folder in
      var changes = changes
      changes["validate.best"] = .text("nothing")
      changes["validate.everySteps"] = .integer(0)
      changes["checkpoint.everySteps"] = .integer(0)
      let run = try LocalRun(
        tinyJob(changes), catalog: tinyCatalog, output: folder, threads: 2
      ) { _ in }
      #expect(throws: JobError.self) { try run.run() }
      let shelf = CheckpointShelf(folder: "\(folder)/checkpoints", keep: 2)
      #expect(shelf.newestValid().0?.progress.step == 9)
    }
  }
}

@Suite(.timeLimit(.minutes(2))) struct BadSampleTests {
  /// Folders of pictures, of which train's sixth and ninth are no pictures.
  private func job(_ folder: String, _ policy: String, replicas: Int) throws -> Job {
    for (split, count) in [("train", 13), ("val", 3)] {
      for index in 0..<count {
        let image = ByteTensor(
          (0..<48).map { UInt8(($0 * 7 + index * 31) % 256) }, shape: [4, 4, 3])
        var bytes = image.pngBytes()
        if split == "train", [5, 8].contains(index) {
          bytes = Array(bytes.prefix(bytes.count / 2))
        }
        let number = index < 10 ? "0\(index)" : "\(index)"
        try TestSupport.write(bytes, to: "\(folder)/\(split)/a/\(number).png")
      }
    }
    return try tinyJob([
      "data": .map(["path": .text(folder), "format": .text("folders")]),
      "replicas": .integer(replicas), "onBadSample": .text(policy),
    ])
  }

  @Test func `fails with the file's name`() throws {
    try withTemporaryFolder { folder in
      let job = try job(folder, "fail", replicas: 3)
      let trainer = try Trainer(job, catalog: tinyCatalog)
      let error = #expect(throws: DataError.self) { try trainer.train(wholeGroup(job)) }
      #expect(error.map { $0.file.hasSuffix("05.png") || $0.file.hasSuffix("08.png") } == true)
    }
  }

  @Test func `tells the other workers instead of leaving them to wait`() throws {
    try withTemporaryFolder { folder in
      let job = try job(folder, "fail", replicas: 3)
      let ranges = [0..<1, 1..<3]
      let links = MemoryNetwork().links(ranges)
      let results = ReplicaThreads.run(0..<2, permits: ComputePermits(count: 2)) { worker in
        let trainer = try Trainer(job, catalog: tinyCatalog)
        _ = try trainer.train(
          ReplicaGroup(
            replicas: 3, hosted: ranges[worker], permits: ComputePermits(count: 1),
            link: links[worker]))
      }
      for case .failure(let error) in results {
        #expect("\(error)".contains("05.png") || "\(error)".contains("08.png"), "\(error)")
      }
      #expect(results.allSatisfy { if case .failure = $0 { true } else { false } })
    }
  }

  @Test func `skips and counts, wherever the replicas are`() throws {
    try withTemporaryFolder { folder in
      let job = try job(folder, "skip", replicas: 4)
      let trainer = try Trainer(job, catalog: tinyCatalog)
      let reports = try trainer.train(wholeGroup(job))
      #expect(reports.map(\.samples).reduce(0, +) == 2 * 11)
      #expect(trainer.progress.skippedSamples == 4)
      #expect(reports.last?.totalSkipped == 4)
      let skipped = reports.flatMap(\.skipped)
      #expect(skipped.count == 4)
      #expect(Set(skipped.map { $0.file.suffix(6) }) == ["05.png", "08.png"])
      let ranges = [0..<3, 3..<4]
      let links = MemoryNetwork().links(ranges)
      let others = ReplicaThreads.run(0..<2, permits: ComputePermits(count: 2)) { worker in
        let trainer = try Trainer(job, catalog: tinyCatalog)
        _ = try trainer.train(
          ReplicaGroup(
            replicas: 4, hosted: ranges[worker], permits: ComputePermits(count: 1),
            link: links[worker]))
        return (trainer.stateDigest, trainer.progress.skippedSamples)
      }
      for other in try others.map({ try $0.get() }) {
        #expect(other.0 == trainer.stateDigest)
        #expect(other.1 == 4)
      }
    }
  }
}
