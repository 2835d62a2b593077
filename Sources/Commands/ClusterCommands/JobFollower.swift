import Foundation
import Messages
import Training

/// Shows a job of a cluster until it is over.
struct JobFollower {
  private let connection: ClusterConnection
  private let job: JobID
  private let terminal: Terminal

  init(_ connection: ClusterConnection, _ job: JobID, _ terminal: Terminal) {
    self.connection = connection
    self.job = job
    self.terminal = terminal
  }

  /// - Parameter isWanted: Asked between two looks; false ends the following.
  /// - Returns: The job's last state.
  /// - Throws: `JobEnded` for a job that failed or was cancelled.
  @discardableResult
  func follow(while isWanted: () -> Bool = { true }) throws -> JobStatus {
    var shown = TrainingView()
    var shownAt = -Double.infinity
    var event: UInt64 = 0
    while true {
      let status = try connection.show(job).status
      let news = try connection.events(after: event, of: job)
      for item in news.events { terminal.line("\(item.kind): \(item.text)") }
      event = max(event, news.events.last?.sequence ?? event)
      let view = TrainingView(status)
      let now = MonotonicClock.seconds
      if terminal.isInteractive {
        if !status.state.isOver { terminal.live(view.bar(columns: terminal.columns)) }
      } else if view.step > shown.step, now - shownAt >= 5 || status.state.isOver {
        (shown, shownAt) = (view, now)
        terminal.line(view.plain)
      }
      if status.state.isOver || !isWanted() {
        if terminal.isInteractive { terminal.clear() }
        if status.state == .failed || status.state == .cancelled {
          throw JobEnded(job: job, state: status.state, reason: status.reason)
        }
        return status
      }
      Thread.sleep(forTimeInterval: terminal.isInteractive ? 0.1 : 0.25)
    }
  }
}

/// A followed job ended without a result.
struct JobEnded: ExplainedError {
  let job: JobID
  let state: JobStatus.State
  let reason: String

  var description: String { "\(job) \(state.rawValue)" + (reason.isEmpty ? "" : ": \(reason)") }
}
