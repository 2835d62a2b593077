import ArgumentParser
import Foundation
import Simulation
import Synchronization

/// Looks for schedules of faults under which the cluster's decisions break a promise.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Test the cluster's decisions under schedules of faults, in virtual time.",
    discussion: """
      Every seed is one schedule of crashes, partitions, pauses and restarts over the machines \
      and the exchange rules that the cluster runs. What is checked is in docs/simulation.md.
      """)

  @Option(help: "How many schedules.") var seeds = 1000
  @Option(help: "The first seed.") var from: UInt64 = 0
  @Option(help: "Run this seed alone.") var seed: UInt64?
  @Flag(help: "With --seed: print everything that happened.") var transcript = false

  func validate() throws {
    guard (1...1_000_000_000).contains(seeds) else {
      throw ValidationError("--seeds is \(seeds), expected 1 to 1000000000.")
    }
    guard !from.addingReportingOverflow(UInt64(seeds)).overflow else {
      throw ValidationError("--from is \(from), which leaves no room for \(seeds) seeds.")
    }
    guard !transcript || seed != nil else {
      throw ValidationError("--transcript belongs to one schedule: name it with --seed.")
    }
  }

  func run() throws {
    if let seed {
      let outcome = runSchedule(seed: seed, isRecording: transcript)
      for line in outcome.transcript { Terminal.output.line(line) }
      guard outcome.complaints.isEmpty else { throw report(outcome) }
      Terminal.output.line("schedule \(seed) passed")
      return
    }
    let start = ContinuousClock.now
    if let failed = search() { throw report(failed) }
    let seconds = max(1e-3, (ContinuousClock.now - start) / .seconds(1))
    let rate = Int(Double(seeds) / seconds)
    Terminal.output.line(
      "\(seeds) schedules passed in \(String(format: "%.1f", seconds)) s (\(rate)/s)")
  }

  private struct Progress {
    var next = 0
    var done = 0
    var failed: ScheduleOutcome?
  }

  /// The failing schedule of the lowest seed, if any; all cores take seeds in order.
  private func search() -> ScheduleOutcome? {
    let progress = Mutex(Progress())
    let interactive = Terminal.error.isInteractive
    DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
      while let index = progress.withLock({ progress -> Int? in
        guard progress.failed == nil, progress.next < seeds else { return nil }
        defer { progress.next += 1 }
        return progress.next
      }) {
        let outcome = runSchedule(seed: from + UInt64(index))
        let done = progress.withLock { progress -> Int in
          progress.done += 1
          if !outcome.complaints.isEmpty, outcome.seed < progress.failed?.seed ?? .max {
            progress.failed = outcome
          }
          return progress.done
        }
        if interactive, done % 100 == 0 { Terminal.error.live("\(done) of \(seeds) schedules") }
      }
    }
    if interactive { Terminal.error.clear() }
    return progress.withLock { $0.failed }
  }

  private func report(_ outcome: ScheduleOutcome) -> ExitReason {
    for complaint in outcome.complaints {
      Terminal.error.line("martlet: schedule \(outcome.seed): \(complaint)")
    }
    if !transcript {
      Terminal.error.line("replay it: martlet simulate --seed \(outcome.seed) --transcript")
    }
    return .failed
  }
}
