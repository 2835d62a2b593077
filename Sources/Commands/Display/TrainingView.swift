/// A running training as a line shows it; nil for what is not known yet.
package struct TrainingView: Equatable, Sendable {
  package var title = ""
  package var step = 0
  package var totalSteps = 0
  package var loss: Double?
  package var samplesPerSecond: Double?
  package var learningRate: Double?
  package var remainingSeconds: Double?
  /// What it does besides steps: "scoring val", "waiting: no worker".
  package var note = ""

  package init() {}

  /// A line for a log.
  package var plain: String { (["step \(step)/\(totalSteps)"] + details).joined(separator: "  ") }

  /// One line with a bar, no wider than `columns`.
  package func bar(columns: Int) -> String {
    let fraction = totalSteps > 0 ? min(1, Double(step) / Double(totalSteps)) : 0
    let head = title.isEmpty ? "" : title + "  "
    let tail =
      (["\(step)/\(totalSteps)", Numbers.percent(fraction)] + details).joined(separator: "  ")
    let width = min(30, max(8, columns - head.count - tail.count - 2))
    let full = Int((fraction * Double(width)).rounded(.down))
    let bar =
      String(repeating: "━", count: full) + String(repeating: "╌", count: width - full)
    return cut("\(head)\(bar)  \(tail)", to: columns)
  }

  private var details: [String] {
    var parts: [String] = []
    if let loss { parts.append("loss \(Numbers.compact(loss))") }
    if let samplesPerSecond { parts.append("\(Numbers.compact(samplesPerSecond)) samples/s") }
    if let learningRate { parts.append("lr \(Numbers.compact(learningRate))") }
    if let remainingSeconds { parts.append("eta \(Numbers.duration(remainingSeconds))") }
    if !note.isEmpty { parts.append(note) }
    return parts
  }
}

/// Steps and samples per second, smoothed over about ten seconds.
package struct RateMeter: Equatable, Sendable {
  private var last: Double?
  private var weight = 0.0
  private var steps = 0.0
  private var samples = 0.0
  private static let memorySeconds = 10.0

  package init() {}

  /// Takes in a step that ended at `now`, in seconds that only go forward.
  package mutating func add(samples count: Int, at now: Double) {
    defer { last = now }
    guard let last else { return }
    let elapsed = max(0, now - last)
    let kept = 1 / (1 + elapsed / Self.memorySeconds)
    weight = weight * kept + elapsed
    steps = steps * kept + 1
    samples = samples * kept + Double(count)
  }

  /// Leaves the time until `now` out of the rates: it went into a pass, not into steps.
  package mutating func pause(until now: Double) { last = now }

  package var samplesPerSecond: Double? { weight > 0 ? samples / weight : nil }
  package var secondsPerStep: Double? { steps > 0 ? weight / steps : nil }
}
