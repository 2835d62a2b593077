import Data
import Glibc
import Synchronization
import Tensors
import Testing

@Suite struct PrefetcherTests {
  private struct Broken: Error, Equatable { let step: Int }

  @Test(arguments: [(1, 1), (1, 4), (3, 2), (8, 5)])
  func `delivers every step in order, whoever loads it`(depth: Int, threads: Int) throws {
    let prefetcher = Prefetcher(steps: 5..<205, depth: depth, threads: threads) { step in
      // Unequal work, so that threads overtake each other.
      (0..<(step * 7919 % 5000)).reduce(step * 10_000) { $0 ^ ($1 & 0) }
    }
    defer { prefetcher.stop() }
    var steps: [Int] = []
    while let item = try prefetcher.next() { steps.append(item / 10_000) }
    #expect(steps == Array(5..<205))
    #expect(prefetcher.timeWaited >= .zero)
  }

  @Test func `never runs further ahead than its depth`() throws {
    let loaded = Mutex<Int>(0)
    let taken = Mutex<Int>(0)
    let lead = Mutex<Int>(0)
    let prefetcher = Prefetcher(steps: 0..<300, depth: 3, threads: 4) { step in
      let count = loaded.withLock { value in
        value += 1
        return value
      }
      let ahead = count - taken.withLock { $0 }
      lead.withLock { $0 = max($0, ahead) }
      return step
    }
    defer { prefetcher.stop() }
    for _ in 0..<300 {
      // Counted before the place is freed: the bound below is then exact.
      taken.withLock { $0 += 1 }
      _ = try prefetcher.next()
      #expect(prefetcher.readyCount <= 3)
    }
    #expect(lead.withLock { $0 } <= 3)
  }

  /// Lets a step be loaded only once somebody has asked for it.
  private final class Gate: @unchecked Sendable {
    private let monitor = Monitor()
    private var asked = -1
    private var loaded = 0

    func ask(_ step: Int) {
      monitor.withLock {
        asked = step
        monitor.wakeAll()
      }
    }

    func load(_ step: Int) -> Int {
      monitor.withLock {
        while asked < step { monitor.wait() }
      }
      // Who asked goes on first and waits, also where it shares a core with those it has woken.
      for _ in 0..<100 { sched_yield() }
      return monitor.withLock {
        loaded += 1
        monitor.wakeAll()
        return step
      }
    }

    func waitUntil(loaded count: Int) {
      monitor.withLock { while loaded < count { monitor.wait() } }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `is further ahead after it was waited for, up to a bound`() throws {
    let gate = Gate()
    let prefetcher = Prefetcher(steps: 0..<1_000, depth: 1, depthMax: 3, threads: 4) {
      gate.load($0)
    }
    defer {
      gate.ask(.max)
      prefetcher.stop()
    }
    for step in 0..<100 {
      gate.ask(step)
      #expect(try prefetcher.next() == step)
    }
    gate.ask(.max)
    gate.waitUntil(loaded: 103)
    #expect(prefetcher.readyCount <= 3)
  }

  @Test func `throws an error at its own step and goes on`() throws {
    let prefetcher = Prefetcher(steps: 0..<6, depth: 4, threads: 3) { step in
      if step == 2 { throw Broken(step: step) }
      return step
    }
    defer { prefetcher.stop() }
    #expect(try prefetcher.next() == 0)
    #expect(try prefetcher.next() == 1)
    // An error is delivered instead of an item, and only once.
    #expect(throws: Broken(step: 2)) { try prefetcher.next() }
    #expect(try prefetcher.next() == 3)
  }

  @Test func `stops in the middle, and twice`() throws {
    let prefetcher = Prefetcher(steps: 0..<Int.max, depth: 2, threads: 3) { $0 }
    #expect(try prefetcher.next() == 0)
    prefetcher.stop()
    #expect(try prefetcher.next() == nil)
    prefetcher.stop()
  }

  @Test func `gives nothing for no steps`() throws {
    let prefetcher = Prefetcher(steps: 4..<4) { $0 }
    #expect(try prefetcher.next() == nil)
    prefetcher.stop()
  }
}
