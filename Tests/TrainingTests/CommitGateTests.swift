import Collectives
import Tensors
import Testing
import Training

@Suite struct CommitGateTests {
  /// Runs commits through a gate on a thread of its own, and tells where it is held.
  private final class Training: @unchecked Sendable {
    private let monitor = Monitor()
    private var held: [UInt64] = []
    private var begun: UInt64 = 0
    private(set) var gate: CommitGate!

    init() {
      gate = CommitGate { [unowned self] position in
        monitor.withLock {
          held.append(position)
          monitor.wakeAll()
        }
      }
    }

    func enter(_ position: UInt64) -> Bool {
      guard gate.enter(position) else { return false }
      monitor.withLock { begun = position }
      return true
    }

    /// Waits until it was held so many times; returns where, and what has begun.
    func wait(untilHeld count: Int) -> (held: [UInt64], begun: UInt64) {
      monitor.withLock {
        while held.count < count { monitor.wait() }
        return (held, begun)
      }
    }
  }

  @Test func `lets the commit in flight end, and others up to where it is told`() {
    let training = Training()
    #expect(training.enter(1))
    #expect(training.gate.close() == 1)
    let thread = ComputeThread(name: "test") {
      for position in 2...9 { _ = training.enter(UInt64(position)) }
    }
    #expect(training.wait(untilHeld: 1) == ([1], 1))
    training.gate.open(upTo: 3)
    #expect(training.wait(untilHeld: 2) == ([1, 3], 3))
    // Less than what has begun takes nothing back.
    training.gate.open(upTo: 2)
    #expect(training.wait(untilHeld: 3) == ([1, 3, 3], 3))
    training.gate.open()
    thread.join()
    #expect(training.wait(untilHeld: 0).begun == 9)
    #expect(training.gate.close() == 9)
  }

  @Test func `sends home who waits and who comes after its end`() {
    let training = Training()
    #expect(training.gate.close() == 0)
    let thread = ComputeThread(name: "test") { _ = training.enter(1) }
    #expect(training.wait(untilHeld: 1) == ([0], 0))
    training.gate.end()
    thread.join()
    #expect(training.wait(untilHeld: 0).begun == 0)
    training.gate.open()
    #expect(!training.enter(1))
  }
}
