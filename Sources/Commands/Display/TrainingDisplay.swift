import Training

/// Shows a local run as it goes: a live line on a terminal, otherwise a line every few seconds.
final class TrainingDisplay {
  private let terminal: Terminal
  private var view = TrainingView()
  private var rate = RateMeter()
  private var shownAt = -Double.infinity

  init(_ terminal: Terminal, title: String) {
    self.terminal = terminal
    view.title = title
  }

  /// Called on the training's thread.
  func show(_ event: LocalRun.Event) {
    let now = MonotonicClock.seconds
    switch event {
    case .began(let totalSteps, let report):
      view.totalSteps = totalSteps
      let text = report.map { loadReportText($0) } ?? ""
      if !text.isEmpty { terminal.line(text) }
    case .step(let report):
      step(report, now)
    case .pass(let report):
      rate.pause(until: now)
      let scores = report.scores.prefix(4).map { "\($0.name) \(shown($0))" }
      terminal.line(
        "step \(report.step)  \(report.split)  \(scores.joined(separator: "  "))"
          + (report.isBest ? "  (best)" : ""))
    case .checkpoint(let checkpoint, _):
      rate.pause(until: now)
      terminal.line("step \(checkpoint.progress.step)  checkpoint \(checkpoint.path)")
    }
  }

  /// Takes the live line away.
  func finish() { if terminal.isInteractive { terminal.clear() } }

  private func step(_ report: StepReport, _ now: Double) {
    rate.add(samples: report.samples, at: now)
    view.step = report.step + 1
    view.loss = report.numbers.first?.value
    view.learningRate = report.learningRate
    view.samplesPerSecond = rate.samplesPerSecond
    view.remainingSeconds = rate.secondsPerStep.map { $0 * Double(view.totalSteps - view.step) }
    for sample in report.skipped { terminal.line("skipped: \(sample)") }
    let isEnd = view.step == view.totalSteps || report.step == 0
    guard isEnd || now - shownAt >= (terminal.isInteractive ? 0.1 : 5) else { return }
    shownAt = now
    if terminal.isInteractive {
      terminal.live(view.bar(columns: terminal.columns))
    } else {
      terminal.line(view.plain)
    }
  }
}
