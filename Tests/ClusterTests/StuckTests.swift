import Data
import Layers
import Messages
import Recipes
import Tensors
import Testing
import Training

extension LiveTests {
  @Suite struct Stuck {
    @Test(.timeLimit(.minutes(2)))
    func `a worker that stands still in a collective is put out and the job goes on`() throws {
      let value = TinyJobs.segment(steps: 30, ["recipe": .text(Halting.name)])
      let expected = try localDigest(value)
      try withCluster(workers: 3) { cluster in
        Halting.gate.close(step: 12, replica: 4)
        defer { Halting.gate.open() }
        let job = try cluster.submit(value)
        #expect(try cluster.digest(of: job) == expected)
        let expelled = try #require(try cluster.events().first { $0.kind == .workerExpelled })
        #expect(expelled.text.contains("of step 13 (compute)"), "\(expelled.text)")
        #expect(expelled.worker == WorkerID(2), "it hosted replica 4")
        // Alive, but of no use to any job.
        let worker = try #require(
          try cluster.status().workers.first { $0.worker == WorkerID(2) })
        #expect(worker.state == .unfit && worker.reason.contains("start it anew"))
        let next = try cluster.submit(TinyJobs.segment(steps: 2))
        #expect(try cluster.wait(for: next).state == .finished)
      }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a job that no longer fits says so and goes on when a worker joins`() throws {
      let value = TinyJobs.segment(steps: 120)
      let expected = try localDigest(value)
      try withCluster { cluster in
        // Half of the job, with what is in it twice because the workers share a process; not all.
        let limit = try bytes(of: value) * 3 / 4
        for _ in 0..<2 { try cluster.start(memoryLimit: limit) }
        let job = try cluster.submit(value)
        try cluster.wait(for: job) { $0.step >= 5 && $0.workers == 2 }
        cluster.workers[1].stop()
        let waiting = try cluster.wait(for: job) { $0.state == .waiting }
        #expect(waiting.reason.contains("memory holds"), "\(waiting.reason)")
        #expect(waiting.reason.contains("of 8 replicas"), "\(waiting.reason)")
        try cluster.start()
        #expect(try cluster.digest(of: job) == expected)
      }
    }

    /// What a whole job needs at its peak.
    private func bytes(of value: JobValue) throws -> UInt64 {
      let before = MemoryPool.shared.usage.live
      MemoryPool.shared.resetPeak()
      _ = try localDigest(TinyJobs.segment(steps: 2))
      return UInt64(MemoryPool.shared.usage.peak - before)
    }
  }
}

/// `segment`, in which one replica of one step waits at a gate, once, while it is closed.
struct Halting: Recipe {
  static let name = "halting"
  static let summary = "segment with a gate"
  static let defaults = Segment.defaults
  static let gate = Gate()

  final class Gate: @unchecked Sendable {
    private let monitor = Monitor()
    private var place: (step: Int, replica: Int)?  // guarded by monitor, as the next
    private var isHeld = false

    func close(step: Int, replica: Int) { monitor.withLock { place = (step, replica) } }

    func open() {
      monitor.withLock {
        (place, isHeld) = (nil, false)
        monitor.wakeAll()
      }
    }

    func pass(step: Int, replica: Int) {
      monitor.withLock {
        guard let place, place == (step, replica) else { return }
        (self.place, isHeld) = (nil, true)
        while isHeld { monitor.wait() }
      }
    }
  }

  private let base: Segment
  var parameters: [Parameter] { base.parameters }

  init(_ options: SegmentOptions, stage: Stage, data: RecipeData, in scope: inout Scope) throws {
    base = try Segment(options, stage: stage, data: data, in: &scope)
  }

  func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Segment.Batch {
    try base.load(samples, key: key, data: data)
  }

  func step(_ batch: Segment.Batch, _ context: StepContext) throws {
    // Not the first collective of the step.
    _ = try context.exchange.sum([1])
    Self.gate.pass(step: context.step, replica: context.exchange.replica)
    try base.step(batch, context)
  }

  func evaluate(_ source: any SampleSource, _ context: PassContext) throws -> [Score] {
    try base.evaluate(source, context)
  }

  func predict(_ source: any SampleSource, _ context: PredictContext) throws -> [Prediction] {
    try base.predict(source, context)
  }

  func contactSheet(_ source: any SampleSource, _ context: PredictContext) throws -> ByteTensor {
    try base.contactSheet(source, context)
  }

  static func check(_ job: Job, options: SegmentOptions) throws(JobError) {
    try Segment.check(job, options: options)
  }
}
