import Foundation

/// What a cluster made of its troubles, in figures.
struct ChaosReport: Encodable {
  struct Incident: Encodable {
    let kind: String
    let what: String
    /// Seconds after the first generation opened.
    let at: Double
    /// Until the coordinator said so: that a worker is lost, left or joined, that a link failed, or
    /// that it found its job again. Nil if it never did, because nothing had to change.
    let secondsToDetection: Double?
    /// From there to the next step on record.
    let secondsToCommit: Double?
  }

  struct Summary: Encodable {
    let kind: String
    let count: Int
    let noticed: Int
    let medianDetection: Double?
    let worstDetection: Double?
    let medianToCommit: Double?
    let worstToCommit: Double?
  }

  let isDigestEqual: Bool
  /// Steps that were not recorded, or out of order, or twice.
  let stepsAmiss: [Int]
  let steps: Int
  let wallSeconds: Double
  /// The committed steps' own seconds ÷ wall time.
  let goodput: Double
  /// The same with every step at the median of those of as many workers: a step that was slow
  /// because of a trouble counts as lost time here.
  let goodputOfMedianSteps: Double
  let medianSecondsByWorkers: [Int: Double]
  let generations: Int
  /// Steps that were committed and had to be made again, because only a checkpoint was left.
  let stepsRepeated: Int
  let incidents: [Incident]
  let summaries: [Summary]

  init(_ run: ChaosRun, expected: String) throws {
    let history = try ChaosHistory(run.lines)
    isDigestEqual = run.digest == expected
    steps = run.diary.steps.count
    let last = max(history.commits.last?.step ?? 0, run.diary.steps.last?.step ?? 0)
    let recorded = Dictionary(grouping: run.diary.steps, by: \.step)
    let logged = Dictionary(grouping: history.commits, by: \.step)
    var amiss = (1...max(1, last)).filter { recorded[$0]?.count != 1 || logged[$0]?.count != 1 }
    amiss += zip(history.commits, history.commits.dropFirst())
      .filter { $1.step <= $0.step }.map(\.1.step)
    stepsAmiss = Array(Set(amiss)).sorted()
    let began = history.openings.first?.at ?? 0
    wallSeconds = (history.commits.last?.seenAt ?? began) - began
    goodput = run.diary.steps.map(\.seconds).reduce(0, +) / wallSeconds
    let workers = Dictionary(
      history.commits.map { ($0.step, $0.workers) }, uniquingKeysWith: { first, _ in first })
    let medians = Dictionary(grouping: run.diary.steps) { workers[$0.step] ?? 0 }
      .mapValues { median($0.map(\.seconds)) ?? 0 }
    medianSecondsByWorkers = medians
    goodputOfMedianSteps =
      run.diary.steps.map { medians[workers[$0.step] ?? 0] ?? 0 }.reduce(0, +) / wallSeconds
    generations = history.openings.count
    stepsRepeated = history.openings.map { max(0, $0.recorded - $0.step) }.reduce(0, +)

    let commits = history.commits
    incidents = run.marks.compactMap { mark in
      guard let kind = mark.event.incident else { return nil }
      let noticed = run.diary.events.first {
        $0.unixSeconds >= mark.at && $0.unixSeconds < mark.at + 15
          && mark.event.isNoticed(by: $0, hostName: run.hostName)
      }?.unixSeconds
      let next = noticed.flatMap { noticed in commits.first { $0.seenAt > noticed }?.seenAt }
      return Incident(
        kind: kind.rawValue, what: "\(mark.event.action)", at: mark.at - began,
        secondsToDetection: noticed.map { $0 - mark.at },
        secondsToCommit: noticed.flatMap { noticed in next.map { $0 - noticed } })
    }
    let incidents = incidents
    summaries = ChaosPlan.Kind.allCases.map(\.rawValue).compactMap { kind in
      let own = incidents.filter { $0.kind == kind }
      guard !own.isEmpty else { return nil }
      let detections = own.compactMap(\.secondsToDetection)
      let commits = own.compactMap(\.secondsToCommit)
      return Summary(
        kind: kind, count: own.count, noticed: detections.count,
        medianDetection: median(detections), worstDetection: detections.max(),
        medianToCommit: median(commits), worstToCommit: commits.max())
    }
  }

  /// The report for people.
  var text: String {
    func number(_ value: Double?, _ digits: Int = 2) -> String {
      value.map { String(format: "%.\(digits)f", $0) } ?? "-"
    }
    func column(_ text: String, _ width: Int) -> String {
      text.padding(toLength: width, withPad: " ", startingAt: 0)
    }
    var lines = ["", column("second", 9) + column("what happened", 46) + "noticed, next commit"]
    for incident in incidents {
      lines.append(
        column(number(incident.at, 1), 9) + column(incident.what, 46)
          + "\(number(incident.secondsToDetection)) s, \(number(incident.secondsToCommit)) s")
    }
    lines += [
      "",
      column("trouble", 13) + column("times", 7) + column("noticed after", 18)
        + "next commit after that (median, worst; seconds)",
    ]
    for summary in summaries {
      lines.append(
        column(summary.kind, 13) + column("\(summary.noticed)/\(summary.count)", 7)
          + column("\(number(summary.medianDetection)), \(number(summary.worstDetection))", 18)
          + "\(number(summary.medianToCommit)), \(number(summary.worstToCommit))")
    }
    let medians = medianSecondsByWorkers.sorted { $0.key < $1.key }
      .map { "\($0.key) workers \(number($0.value * 1_000, 0)) ms" }.joined(separator: ", ")
    lines += [
      "",
      "steps            \(steps), \(stepsAmiss.isEmpty ? "each once, in order" : "amiss: \(stepsAmiss)")",
      "weights          \(isDigestEqual ? "equal to the undisturbed run's" : "DIFFERENT")",
      "generations      \(generations)",
      "repeated steps   \(stepsRepeated) (each generation also drops the step it interrupts)",
      "a step           \(medians)",
      "wall time        \(number(wallSeconds, 1)) s",
      "goodput          \(number(goodput * 100, 1)) % (steps' own seconds), "
        + "\(number(goodputOfMedianSteps * 100, 1)) % (each step at its median)",
      "",
    ]
    return lines.joined(separator: "\n")
  }
}

extension ChaosPlan.Event {
  /// What it is counted as; nil for the end of a trouble.
  fileprivate var incident: ChaosPlan.Kind? {
    if let kind { return kind }
    // A killed worker's successor is a newcomer, and so is one that was taken for dead.
    switch action {
    case .start, .resume, .replace, .rejoin: return .join
    default: return nil
    }
  }

  fileprivate func isNoticed(by event: ChaosDiary.Event, hostName: String) -> Bool {
    func concerns(_ host: Int) -> Bool { event.text.hasPrefix("\(hostName)-\(host)-") }
    switch action {
    case .kill(let host), .pause(let host), .isolate(let host):
      return event.kind == "workerLost" && concerns(host)
    // One hangs at a time; the text says why, not who.
    case .hang: return event.kind == "workerExpelled" && event.text.hasPrefix("stuck")
    case .leave(let host): return event.kind == "workerLeft" && concerns(host)
    case .start(let host), .resume(let host), .replace(let host), .rejoin(let host):
      return event.kind == "workerJoined" && concerns(host)
    case .cut: return event.kind == "generationPrepared" && event.text.contains("link")
    case .killCoordinator: return event.kind.hasPrefix("generation")
    case .startCoordinator, .mend: return false
    }
  }
}

/// Nil for no values.
func median(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.sorted()[values.count / 2]
}
