import Collectives
import Data
import FoundationEssentials
import Tensors

/// The batches of the replicas that a worker hosts, read ahead on loader threads.
///
/// What a batch holds depends on the plan, the seed and the slot alone; what is read ahead, on
/// hosting and time.
final class BatchFeed {
  struct Batches {
    let step: Int
    /// One for each hosted replica.
    let items: [LoadedBatch]
    /// Seconds that were waited for them.
    let waited: Double
  }

  private let prefetcher: Prefetcher<LoadedBatch>
  private let hosted: Range<Int>
  /// Of the split.
  let sampleCount: Int
  private var next: Int
  /// The batches of a step that has to run again.
  private var returned: Batches?
  /// Why there are no more: after a gap, items would belong to other steps.
  private var failure: (any Error)?

  init(
    _ model: StageModel, source: any SampleSource, job: Job, hosted: Range<Int>, from step: Int
  ) {
    self.hosted = hosted
    sampleCount = source.count
    next = step
    let (program, plan, stage) = (model.program, model.plan, model.stage.index)
    let (end, stepsPerEpoch) = (max(step, model.steps), model.stepsPerEpoch)
    let width = hosted.count
    @Sendable func slots(of step: Int) -> [Slot] {
      plan.slots(
        at: PlanPosition(
          seed: job.seed, stage: stage, epoch: step / stepsPerEpoch, step: step % stepsPerEpoch))
    }
    // One item a replica and step, so that several threads help with one step.
    prefetcher = Prefetcher(
      steps: step * width..<end * width, depth: 2 * width, depthMax: 8 * width,
      threads: min(width, max(2, ProcessInfo.processInfo.activeProcessorCount))
    ) { item in
      let current = item / width
      if item % width == 0 {
        // What comes from elsewhere is on its way before a loader asks for it.
        let last = min(end - 1, current + Self.stepsExpected)
        for step in current == step ? current...last : last...last {
          let coming = slots(of: step)
          let division = SlotDivision(batch: coming.count, replicas: job.replicas)
          source.expect(
            hosted.flatMap { division.slots(of: $0) }
              .flatMap { coming[$0].references.map(\.sample) })
        }
      }
      let all = slots(of: current)
      let mine = SlotDivision(batch: all.count, replicas: job.replicas)
        .slots(of: hosted.lowerBound + item % width)
      let key = RandomKey(seed: job.seed).derived("load").derived(stage).derived(current)
      guard job.isAudited else {
        return try program.load(Array(all[mine]), key: key, source: source)
      }
      let audited = AuditedSource(source)
      var batch = try program.load(Array(all[mine]), key: key, source: audited)
      let skipped = Set(batch.skipped.map(\.slot))
      batch.delivered = audited.delivered(
        without: all[mine].filter { skipped.contains($0.index) })
      return batch
    }
  }

  /// How many steps beyond the one that is being loaded a source hears of.
  private static let stepsExpected = 3

  /// The batches of `step`, the next in order (or the one given back).
  ///
  /// `activity`: Rises with each batch that arrives.
  ///
  /// Throws: what loading threw, again for every later step.
  func batches(of step: Int, _ activity: Activity) throws -> Batches {
    if let returned, returned.step == step {
      self.returned = nil
      return returned
    }
    precondition(step == next, "BatchFeed: step \(step) asked for, \(next) is next")
    if let failure { throw failure }
    let started = MonotonicClock.seconds
    do {
      let items = try hosted.map { _ in
        guard let item = try prefetcher.next() else {
          preconditionFailure("BatchFeed: step \(step) is beyond the training")
        }
        activity.rise()
        return item
      }
      next += 1
      return Batches(step: step, items: items, waited: MonotonicClock.seconds - started)
    } catch {
      failure = error
      throw error
    }
  }

  /// For a step that failed and runs again.
  func giveBack(_ batches: Batches) { returned = batches }

  func stop() { prefetcher.stop() }
}
