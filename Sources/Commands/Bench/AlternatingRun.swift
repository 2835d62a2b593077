import Foundation
import Messages
import Training

/// A job on a cluster of its own that is stopped and let go on again, and what it used meanwhile.
final class AlternatingRun {
  private struct Mark {
    let active: Double
    let processor: Double
  }

  /// The job's folder.
  let output: String
  private(set) var isOver = false
  /// Blocks of served data that had to be brought, when the steps that count were over.
  private(set) var misses: UInt64 = 0
  private let cluster: LocalCluster
  private let connection: ClusterConnection
  private let job: JobID
  private let meters: [ProcessMeter]
  private let steps: Range<Int>
  /// Seconds in which it was let run.
  private var active = 0.0
  private var marks: (begin: Mark?, end: Mark?)

  /// `steps`: Those that count.
  ///
  /// Throws: `ExplainedError` where processes cannot be measured.
  init(
    _ cluster: LocalCluster, _ connection: ClusterConnection, _ submitted: Submitted,
    counting steps: Range<Int>
  ) throws {
    (self.cluster, self.connection, self.steps) = (cluster, connection, steps)
    (job, output) = (submitted.job, submitted.output)
    meters = try cluster.processes.map { try ProcessMeter(of: $0) }
  }

  /// Lets it run for some time, or until it is over.
  ///
  /// Throws: `Failure` if the job failed, and as `LocalCluster.check`.
  func run(seconds: Double) throws {
    signal(SIGCONT)
    let begin = MonotonicClock.seconds
    while !isOver, MonotonicClock.seconds < begin + seconds {
      let status = try connection.show(job).status
      let mark = Mark(
        active: active + MonotonicClock.seconds - begin,
        processor: meters.map(\.cpuSeconds).reduce(0, +))
      if marks.begin == nil, Int(status.step) >= steps.lowerBound { marks.begin = mark }
      if marks.end == nil, Int(status.step) >= steps.upperBound {
        marks.end = mark
        misses = try connection.status().workers.compactMap(\.data?.cacheMisses).reduce(0, +)
      }
      isOver = status.state.isOver
      guard !isOver || status.state == .finished else {
        throw Failure(reason: "the job failed: \(status.reason)")
      }
      try cluster.check()
      Thread.sleep(forTimeInterval: 0.005)
    }
    active += MonotonicClock.seconds - begin
    if !isOver { try halt() }
  }

  /// Stops all of its processes where they are.
  func halt() throws {
    signal(SIGSTOP)
    try cluster.check()
  }

  /// Of the steps that count.
  ///
  /// Throws: `Failure` if they were over before anybody looked.
  func secondsPerStep() throws -> (wall: Double, processor: Double) {
    guard let begin = marks.begin, let end = marks.end, end.active > begin.active else {
      throw Failure(reason: "the job was too short to measure; give it more --steps")
    }
    let count = Double(steps.count)
    return ((end.active - begin.active) / count, (end.processor - begin.processor) / count)
  }

  /// Ends its processes.
  func stop() {
    signal(SIGCONT)
    cluster.stop()
  }

  private func signal(_ number: Int32) {
    for process in cluster.processes { kill(process, number) }
  }
}
