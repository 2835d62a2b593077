import Collectives
import Data
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

@Suite(.timeLimit(.minutes(2))) struct DigestTests {
  private static let changes: [String: JobValue] = [
    "options.stages": .integer(3), "validate.everySteps": .integer(2), "average": .number(0.5),
  ]

  /// The digests of all commits of a training whose worker hosts some of the replicas.
  private static func chain(
    _ trainer: Trainer, _ group: ReplicaGroup, commits: Int = .max
  ) throws -> [String] {
    try trainer.prepare(hosted: group.hosted)
    defer { trainer.stop() }
    var chain = [trainer.digest]
    while trainer.next != .finished, chain.count <= commits {
      switch trainer.next {
      case .step: _ = try trainer.runStep(group)
      case .pass(let split, let best):
        _ = try trainer.runPass(split: split, decidesBest: best, group)
      case .beginStage:
        try trainer.beginStage()
        try trainer.prepare(hosted: group.hosted)
      case .finished: break
      }
      chain.append(trainer.digest)
      #expect(trainer.recomputedDigest() == trainer.digest, "a change went unnoticed")
    }
    return chain
  }

  private static func chain(borders: [Int]) throws -> [[String]] {
    let job = try tinyJob(changes)
    let ranges = TestCluster.ranges(job.replicas, borders)
    let links = MemoryNetwork().links(ranges)
    return try ReplicaThreads.run(
      0..<ranges.count, permits: ComputePermits(count: ranges.count)
    ) { worker in
      try chain(
        Trainer(job, catalog: tinyCatalog),
        ReplicaGroup(
          replicas: job.replicas, hosted: ranges[worker], permits: ComputePermits(count: 2),
          link: ranges.count == 1 ? nil : links[worker]))
    }.map { try $0.get() }
  }

  @Test func `steps, passes and stages form one chain on any workers`() throws {
    let alone = try Self.chain(borders: [])[0]
    // 12 steps, two stages begun, a validation every 2 steps and the last scores; the beginning.
    #expect(alone.count > 12 + 2 + 6)
    #expect(Set(alone).count == alone.count && alone.allSatisfy { $0.count == 32 })
    for borders in [[1], [1, 2]] {
      for chain in try Self.chain(borders: borders) { #expect(chain == alone) }
    }
  }

  @Test func `the chain goes on after a checkpoint`() throws {
    try withTemporaryFolder { folder in
      let job = try tinyJob(Self.changes)
      let alone = try Self.chain(borders: [])[0]
      for commits in [3, 9] {
        let first = try Trainer(job, catalog: tinyCatalog)
        _ = try Self.chain(first, wholeGroup(job), commits: commits)
        let second = try Trainer(job, catalog: tinyCatalog)
        try second.resume(Checkpoint.write(first, into: "\(folder)/\(commits)"))
        #expect(try Self.chain(second, wholeGroup(job)) == Array(alone[commits...]))
      }
    }
  }

  @Test(arguments: ["optimizer.name=sgd", "optimizer.name=lars", "average=0.9", "seed=3"])
  func `nothing that a commit changes is overlooked`(change: String) throws {
    let parts = change.split(separator: "=").map(String.init)
    let value: JobValue =
      Int(parts[1]).map { .integer($0) } ?? Double(parts[1]).map { .number($0) } ?? .text(parts[1])
    let job = try tinyJob([parts[0]: value])
    let trainer = try Trainer(job, catalog: tinyCatalog)
    #expect(Set(try Self.chain(trainer, wholeGroup(job))).count > 6)
  }

  @Test func `one bit anywhere makes another digest`() throws {
    let trainer = try trainedTiny()
    let bytes = trainer.arena.bytes
    for place in stride(from: 0, to: bytes.count, by: 997) {
      bytes[place] ^= 4
      #expect(trainer.recomputedDigest() != trainer.digest)
      bytes[place] ^= 4
    }
    #expect(trainer.recomputedDigest() == trainer.digest)
  }

  @Test func `a state that is not its digest's is refused`() throws {
    let trainer = try trainedTiny()
    let progress = trainer.progress
    try trainer.adopt(progress, from: "a peer")
    trainer.arena.bytes[8] ^= 1
    let error = #expect(throws: TrainingError.self) { try trainer.adopt(progress, from: "a peer") }
    #expect(error.map { "\($0)".contains("is not the state it was") } == true)
    trainer.arena.bytes[8] ^= 1
    var later = progress
    later.step += 1
    #expect(throws: TrainingError.self) { try trainer.adopt(later, from: "a peer") }
  }

  @Test func `a checkpoint without a digest begins a chain of its own`() throws {
    let trainer = try trainedTiny()
    let digest = trainer.digest
    var progress = trainer.progress
    progress.digest = nil
    try trainer.adopt(progress, from: "a checkpoint")
    #expect(trainer.digest.isEmpty)
    #expect(trainer.recomputedDigest() == trainer.digest)
    #expect(trainer.digest.count == 32 && trainer.digest != digest)
  }

  @Test func `without digests nothing is hashed and the weights are the same`() throws {
    let trainer = try trainedTiny(["digest": .bool(false)])
    #expect(trainer.digest.isEmpty && trainer.recomputedDigest().isEmpty)
    #expect(try trainedTiny().stateDigest == trainer.stateDigest)
  }

  @Test func `workers with different states do not step together`() throws {
    let job = try tinyJob()
    let ranges = TestCluster.ranges(job.replicas, [1, 2])
    let links = MemoryNetwork().links(ranges)
    let steps = Mutex<[Int: Int]>([:])
    let errors = ReplicaThreads.run(0..<3, permits: ComputePermits(count: 3)) { worker in
      let trainer = try Trainer(job, catalog: tinyCatalog)
      trainer.beforeDigest = { trainer in
        if worker == 2, trainer.progress.step == 3 { trainer.arena.bytes[40] ^= 1 }
      }
      let group = ReplicaGroup(
        replicas: job.replicas, hosted: ranges[worker], permits: ComputePermits(count: 2),
        link: links[worker])
      do { _ = try trainer.train(group) } catch let error as ExchangeError {
        steps.withLock { $0[worker] = trainer.progress.step }
        return error
      }
      return ExchangeError.generationEnded
    }.map { try? $0.get() }
    #expect(steps.withLock { $0 } == [0: 3, 1: 3, 2: 3], "nobody commits the step after")
    #expect(errors.contains(.stateDiffers(replica: 2)))
    #expect(!errors.contains(.generationEnded))
  }

  @Test func `a run's folder has the digest of every commit`() throws {
    try withTemporaryFolder { folder in
      let job = try tinyJob(Self.changes)
      let run = try LocalRun(
        job, catalog: tinyCatalog, output: "\(folder)/run", threads: 2
      ) { _ in }
      let result = try run.run()
      let rows = try DigestTable.rows(of: "\(folder)/run/\(DigestTable.fileName)")
      #expect(rows.filter { $0.passes == 0 }.map(\.step) == Array(1...12))
      #expect(rows.last?.digest == result.progress.digest.map { "\($0.value)" })
    }
  }
}
