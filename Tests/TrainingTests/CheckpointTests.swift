import Data
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@Suite(.timeLimit(.minutes(2))) struct CheckpointTests {
  @Test(arguments: ["sgd", "adamw", "lars"])
  func `continues to the same weights`(rule: String) throws {
    try withTemporaryFolder { folder in
      let changes: [String: JobValue] = [
        "optimizer.name": .text(rule), "average": .number(0.9), "epochs": .integer(3),
        "schedule.name": .text("cosine"), "validate.everySteps": .integer(2),
        "optimizer.learningRate": .number(0.01),
      ]
      let whole = try trainedTiny(changes)
      let job = try tinyJob(changes)
      let first = try Trainer(job, catalog: tinyCatalog)
      _ = try first.train(wholeGroup(job), until: 5)
      let written = try Checkpoint.write(first, into: folder)
      #expect(written.path == "\(folder)/step-00000005")
      let opened = try Checkpoint.open(written.path)
      #expect(opened.progress == first.progress)
      #expect(opened.job[path: "seed"] == .integer(3))
      #expect(opened.files == written.files)
      let second = try Trainer(Job(opened.job, catalog: tinyCatalog), catalog: tinyCatalog)
      #expect(try second.resume(opened).isComplete)
      #expect(second.stateDigest == first.stateDigest)
      _ = try second.train(wholeGroup(job))
      #expect(second.stateDigest == whole.stateDigest)
      #expect(second.progress == whole.progress)
      let digests = try [whole, second].map { try Checkpoint.write($0, into: folder).modelDigest }
      #expect(digests[0] == digests[1] && digests[0].count == 64)
    }
  }

  @Test func `continues with another length, rate and number of workers`() throws {
    try withTemporaryFolder { folder in
      let trainer = try trainedTiny()
      let checkpoint = try Checkpoint.write(trainer, into: folder)
      let job = try tinyJob([
        "epochs": .integer(4), "optimizer.learningRate": .number(0.001), "seed": .integer(3),
      ])
      let longer = try Trainer(job, catalog: tinyCatalog)
      try longer.resume(checkpoint)
      #expect(longer.next == .step(6))
      _ = try longer.train(wholeGroup(job))
      #expect(longer.progress.step == 12)
      #expect(longer.next == .finished)
      let shorter = try Trainer(tinyJob(["epochs": .integer(1)]), catalog: tinyCatalog)
      try shorter.resume(checkpoint)
      let error = #expect(throws: JobError.self) { try shorter.prepare(hosted: 0..<3) }
      #expect(error?.problem.contains("at step 6 already, beyond the job's 3") == true)
    }
  }

  @Test(arguments: [
    ("options.width", JobValue.integer(6), "first.weight is [12, 5], expected [12, 6]"),
    ("optimizer.name", .text("sgd"), "lacks velocity/first.weight"),
    ("average", .number(0.5), "lacks state/average.first.weight"),
  ])
  func `refuses a job that does not fit`(path: String, value: JobValue, problem: String) throws {
    try withTemporaryFolder { folder in
      let checkpoint = try Checkpoint.write(trainedTiny(), into: folder)
      let other = try Trainer(tinyJob([path: value]), catalog: tinyCatalog)
      let error = #expect(throws: TrainingError.self) { try other.resume(checkpoint) }
      #expect("\(error.map { "\($0)" } ?? "")".contains(problem), "\(String(describing: error))")
    }
  }

  private static let damages: [(String, String, @Sendable (String) throws -> Void)] = [
    ("model cut", "model.safetensors has", { try cut("\($0)/model.safetensors") }),
    ("state cut", "state.safetensors has", { try cut("\($0)/state.safetensors") }),
    ("model altered", "model.safetensors was altered", { try flip("\($0)/model.safetensors") }),
    ("state altered", "state.safetensors was altered", { try flip("\($0)/state.safetensors") }),
    (
      "model missing", "model.safetensors is missing",
      { try FileManager.default.removeItem(atPath: "\($0)/model.safetensors") }
    ),
    (
      "manifest missing", "has no manifest.json",
      { try FileManager.default.removeItem(atPath: "\($0)/manifest.json") }
    ),
    ("manifest cut", "manifest.json cannot be read", { try cut("\($0)/manifest.json") }),
    (
      "other format", "has format 7, this program reads 1",
      { try edit($0, "\"format\" : 1", "\"format\" : 7") }
    ),
    (
      "altered progress", "manifest.json was altered",
      { try edit($0, "\"step\" : 6", "\"step\" : 4") }
    ),
    ("no folder", "is no folder", { try FileManager.default.removeItem(atPath: $0) }),
  ]

  @Test(arguments: damages.indices)
  func `notices damage and falls back to the one before`(index: Int) throws {
    let (name, problem, damage) = Self.damages[index]
    try withTemporaryFolder { folder in
      let job = try tinyJob()
      let trainer = try Trainer(job, catalog: tinyCatalog)
      _ = try trainer.train(wholeGroup(job), until: 2)
      _ = try Checkpoint.write(trainer, into: folder)
      _ = try trainer.train(wholeGroup(job))
      let newest = try Checkpoint.write(trainer, into: folder)
      let shelf = CheckpointShelf(folder: folder, keep: 3)
      #expect(shelf.newestValid().0?.progress.step == 6)
      try damage(newest.path)
      let error = #expect(throws: TrainingError.self) { try Checkpoint.open(newest.path) }
      #expect(
        error.map { "\($0)".contains(problem) && "\($0)".contains(newest.path) } == true,
        "\(name): \(String(describing: error))")
      #expect(shelf.newestValid().0?.progress.step == 2)
    }
  }

  @Test(arguments: ["stage", "step", "passes", "skippedSamples"], [-1, Int.max])
  func `refuses progress that no training reaches`(key: String, value: Int) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(Training.Progress()), as: UTF8.self)
    let forged = text.replacing("\"\(key)\":0", with: "\"\(key)\":\(value)")
    #expect(forged != text)
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Training.Progress.self, from: Foundation.Data(forged.utf8))
    }
    #expect("\(String(describing: error))".contains("\(value) is not in 0"))
  }

  @Test func `progress survives JSON with its digest`() throws {
    let progress = try trainedTiny().progress
    #expect(progress.digest != nil)
    let text = try JSONEncoder().encode(progress)
    #expect(try JSONDecoder().decode(Training.Progress.self, from: text) == progress)
  }

  @Test func `opens only the files asked for`() throws {
    try withTemporaryFolder { folder in
      let checkpoint = try Checkpoint.write(trainedTiny(), into: folder)
      try Self.flip("\(checkpoint.path)/state.safetensors")
      #expect(try Checkpoint.open(checkpoint.path, only: ["model.safetensors"]).progress.step == 6)
    }
  }

  @Test func `leaves older ones intact when writing fails`() throws {
    try withTemporaryFolder { folder in
      let trainer = try trainedTiny()
      let good = try Checkpoint.write(trainer, into: folder)
      // A file where the folder would be: no privilege gets past that.
      try TestSupport.write("x", to: "\(folder)/file")
      let error = #expect(throws: TrainingError.self) {
        try Checkpoint.write(trainer, into: "\(folder)/file")
      }
      if case .write(let path, let problem)? = error {
        #expect(path.hasPrefix("\(folder)/file/step-"))
        #expect(problem.contains("intact"))
      } else {
        Issue.record("\(String(describing: error))")
      }
      #expect(try Checkpoint.open(good.path).modelDigest == good.modelDigest)
    }
  }

  @Test func `leaves older ones intact when the disk is full`() async {
    // A limit on file sizes acts as a full disk; it holds for the whole process, so for a child's.
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      try withTemporaryFolder { folder in
        let job = try tinyJob(["options.width": .integer(64)])
        let trainer = try Trainer(job, catalog: tinyCatalog)
        _ = try trainer.train(wholeGroup(job), until: 1)
        let good = try Checkpoint.write(trainer, into: folder)
        _ = try trainer.train(wholeGroup(job), until: 2)
        var limit = rlimit()
        precondition(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        limit.rlim_cur = 2000
        precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        do {
          _ = try Checkpoint.write(trainer, into: folder)
          preconditionFailure("the write did not fail")
        } catch TrainingError.write(_, let problem) {
          precondition(problem.contains("intact"), problem)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        precondition(names == ["step-00000001"], "\(names)")
        let digest = try Checkpoint.open(good.path).modelDigest
        precondition(digest == good.modelDigest)
        limit.rlim_cur = limit.rlim_max
        precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        let later = try Checkpoint.write(trainer, into: folder)
        let step = try Checkpoint.open(later.path).progress.step
        precondition(step == 2)
      }
    }
  }

  @Test func `keeps the newest and the best`() throws {
    try withTemporaryFolder { folder in
      let job = try tinyJob(["epochs": .integer(4)])
      let trainer = try Trainer(job, catalog: tinyCatalog)
      let shelf = CheckpointShelf(folder: folder, keep: 2)
      for step in 1...5 {
        _ = try trainer.train(wholeGroup(job), until: step)
        _ = try Checkpoint.write(trainer, into: folder)
      }
      try FileManager.default.createDirectory(
        atPath: "\(folder)/step-00000009.writing", withIntermediateDirectories: true)
      try TestSupport.write("{}", to: "\(folder)/step-00000009.writing/manifest.json")
      try TestSupport.write("mine", to: "\(folder)/step-notes/manifest.json")
      #expect(shelf.names == (1...5).map { Checkpoint.name(step: $0) })
      shelf.prune(best: 2)
      #expect(shelf.names == [2, 4, 5].map { Checkpoint.name(step: $0) })
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().last == "step-notes")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/step-00000009.writing"))
      // Continued from step 2: what was just written stays, whatever was after it.
      shelf.prune(best: nil, newest: 4)
      #expect(shelf.names == [2, 4, 5].map { Checkpoint.name(step: $0) })
      shelf.prune(best: nil)
      #expect(shelf.names == [4, 5].map { Checkpoint.name(step: $0) })
    }
  }

  @Test func `replaces one of the same step`() throws {
    try withTemporaryFolder { folder in
      let trainer = try trainedTiny()
      let first = try Checkpoint.write(trainer, into: folder)
      let second = try Checkpoint.write(trainer, into: folder)
      #expect(first.files == second.files)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["step-00000006"])
    }
  }

  private static func cut(_ path: String) throws {
    let bytes = try Foundation.Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.dropLast(bytes.count / 3).write(to: URL(fileURLWithPath: path))
  }

  private static func flip(_ path: String) throws {
    var bytes = try Foundation.Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 5] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  private static func edit(_ folder: String, _ old: String, _ new: String) throws {
    let url = URL(fileURLWithPath: "\(folder)/manifest.json")
    let text = try String(contentsOf: url, encoding: .utf8)
    let edited = text.replacing(old, with: new)
    try #require(edited != text)
    try edited.write(to: url, atomically: true, encoding: .utf8)
  }
}
