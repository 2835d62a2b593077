import Collectives
import Data
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
  private var next: Int
  /// The batches of a step that has to run again.
  private var returned: Batches?
  /// Why there are no more: after a gap, items would belong to other steps.
  private var failure: (any Error)?

  init(
    _ model: StageModel, source: any SampleSource, job: Job, hosted: Range<Int>, from step: Int
  ) {
    self.hosted = hosted
    next = step
    let (program, plan, stage) = (model.program, model.plan, model.stage.index)
    let (end, stepsPerEpoch) = (max(step, model.steps), model.stepsPerEpoch)
    let width = hosted.count
    // One item a replica and step, so that several threads help with one step.
    prefetcher = Prefetcher(
      steps: step * width..<end * width, depth: 2 * width, threads: min(2, width)
    ) { item in
      let step = item / width
      let slots = slots(step)
      let mine = SlotDivision(batch: slots.count, replicas: job.replicas)
        .slots(of: hosted.lowerBound + item % width)
      if item % width == 0 {
        // Data that comes from elsewhere is on its way before a loader asks for it.
        let coming = step == first ? step..<step + Self.expectedSteps + 1 : step + Self.expectedSteps..<step + Self.expectedSteps + 1
        for step in coming where step < end {
          source.expect(samples(slots(step), of: hosted, job.replicas))
        }
      }
      let key = RandomKey(seed: job.seed).derived("load").derived(stage).derived(step)
      return try program.load(Array(slots[mine]), key: key, source: source)
    }
  }

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
