import Tensors
import TestSupport
import Testing
import Training

/// Commits compute on the thread that runs the loop: a worker's compute thread, or the main thread of
/// a local run. Their bits must agree.
@Suite struct DenormalTests {
  private final class Watch: TrainingObserver {
    var flushed: [Bool] = []
    func shouldStop(before position: UInt64) -> Bool { false }
    func stepCommitted(_ report: Training.StepReport) { flushed.append(isFlushing()) }
    func passCommitted(_ report: PassReport) {}
    func checkpointWritten(_ checkpoint: Checkpoint, isBest: Bool) {}
  }

  @Test func `are flushed while steps commit, and as before afterwards`() throws {
    try withTemporaryFolder { folder in
      #expect(!isFlushing())
      let job = try tinyJob()
      let trainer = try Trainer(job, catalog: tinyCatalog)
      #expect(!isFlushing())
      let watch = Watch()
      _ = try TrainingLoop(
        trainer, group: wholeGroup(job), scratch: folder, observer: watch
      ).run()
      #expect(watch.flushed == [Bool](repeating: true, count: trainer.totalSteps))
      #expect(!isFlushing())
    }
  }
}

/// Whether this thread makes half of the smallest normal number 0.
@inline(never)
private func isFlushing() -> Bool {
  // Read from memory, so that the compiler cannot know the product.
  let values = Tensor([Float.leastNormalMagnitude, 0.5]).elements
  return values[0] * values[1] == 0
}
