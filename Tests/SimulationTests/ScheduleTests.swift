import Foundation
import Simulation
import Synchronization
import Testing

@Suite struct ScheduleTests {
  @Test func `keeps its promises under a thousand schedules, and meets the rare branches`() {
    let results = Mutex<(complaints: [String], met: Set<String>)>(([], []))
    DispatchQueue.concurrentPerform(iterations: 1000) { seed in
      let outcome = runSchedule(seed: UInt64(seed))
      results.withLock {
        $0.met.formUnion(outcome.met)
        $0.complaints += outcome.complaints.map { "seed \(seed): \($0)" }
      }
    }
    let (complaints, met) = results.withLock { $0 }
    #expect(complaints.isEmpty, "\(complaints.sorted().prefix(5).joined(separator: "\n"))")
    for branch in [
      "fetched", "checkpoint", "rejoin", "adopted", "coordinator restarted", "left", "silent",
      "joined later", "name refused", "coordinator died while acting",
      "passed over a torn checkpoint", "dropped an older frame", "held a newer frame",
      "dropped a doubled piece", "cancelled", "paused", "partitioned",
      "partitioned from a worker", "warmed up", "could not warm up", "planned change", "drained",
      "last one left", "stored a last state", "began again", "relayed", "cut link", "lost a frame",
      "stuck", "damaged a checkpoint", "fell back", "flipped a bit", "quarantined",
      "found another's state differs",
    ] {
      #expect(met.contains(branch), "no schedule met: \(branch)")
    }
  }

  /// A test of the tester: it must find what is wrong.
  @Test(arguments: Defect.allCases) func `finds a planted bug within a thousand seeds`(
    defect: Defect
  ) {
    let found = (0..<1000).first {
      !runSchedule(seed: UInt64($0), defect: defect).complaints.isEmpty
    }
    #expect(found != nil, "\(defect) was never noticed")
    print("\(defect): found by seed \(found ?? -1)")
  }

  @Test func `a seed gives the same schedule again`() {
    let first = runSchedule(seed: 7, isRecording: true)
    let second = runSchedule(seed: 7, isRecording: true)
    #expect(first.transcript == second.transcript)
    #expect(first.transcript.count > 100)
  }
}
