#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The `schedule:` block of a job: the learning rate's factor at each step.
public struct ScheduleSettings: Sendable, Equatable {
  public enum Curve: String, Sendable, CaseIterable {
    case constant, cosine, poly, step
  }

  public var curve: Curve
  /// Steps of linear rise from 1/warmupSteps to 1.
  public var warmupSteps = 0
  /// The same as a fraction of the training, rounded up; one of the two is 0.
  public var warmupFraction = 0.0
  /// The factor at the end of cosine and poly.
  public var floor = 0.0
  /// Exponent of poly: (1 − t)ᵖ.
  public var power = 0.9
  /// Where `step` multiplies by `gamma`, as fractions of the training.
  public var milestones: [Double] = [0.5, 0.75]
  public var gamma = 0.1

  public init(_ curve: Curve, warmupSteps: Int = 0) {
    self.curve = curve
    self.warmupSteps = warmupSteps
  }

  init(_ value: JobValue?, default settings: ScheduleSettings) throws(JobError) {
    self = settings
    var reader = try JobReader(value, path: "schedule")
    if let name = try reader.choice("name", of: Curve.allCases.map(\.rawValue)) {
      curve = Curve(rawValue: name) ?? curve
    }
    let steps = try reader.integer("warmupSteps", in: 0...(.max))
    let fraction = try reader.number("warmupFraction", in: 0...1)
    switch (steps, fraction) {
    case (.some, .some):
      throw JobError("schedule.warmupFraction", "given together with warmupSteps; give one of them")
    case (let steps?, nil): (warmupSteps, warmupFraction) = (steps, 0)
    case (nil, let fraction?): (warmupSteps, warmupFraction) = (0, fraction)
    case (nil, nil): break
    }
    floor = try reader.number("floor", in: 0...1) ?? floor
    power = try reader.number("power", in: 0...10) ?? power
    gamma = try reader.number("gamma", in: 0...1) ?? gamma
    if let list = try reader.list("milestones") {
      milestones = []
      for value in list {
        // 1.0 comes back from JSON as 1.
        guard let fraction = value.asNumber, (0...1).contains(fraction) else {
          throw JobError(
            "schedule.milestones",
            "found \(value.shown), expected fractions of the training, 0 to 1")
        }
        milestones.append(fraction)
      }
    }
    try reader.finish()
    try refuseForeign(value)
  }

  /// A setting of another curve would be ignored silently.
  private func refuseForeign(_ value: JobValue?) throws(JobError) {
    let owners: [(key: String, curves: [Curve])] = [
      ("floor", [.cosine, .poly]), ("power", [.poly]), ("milestones", [.step]),
      ("gamma", [.step]),
    ]
    for (key, curves) in owners where !curves.contains(curve) {
      guard value?[path: key] == nil else {
        throw JobError(
          "schedule.\(key)",
          "has no meaning for \(curve.rawValue), only for "
            + curves.map(\.rawValue).joined(separator: ", "))
      }
    }
  }

  /// The factor on the learning rate at `step` (0-based) of `total`.
  public func factor(at step: Int, of total: Int) -> Double {
    let warmup =
      warmupFraction > 0 ? Int((warmupFraction * Double(total)).rounded(.up)) : warmupSteps
    if step < warmup { return Double(step + 1) / Double(warmup) }
    let length = max(1, total - warmup)
    let t = min(1, Double(step - warmup) / Double(length))
    switch curve {
    case .constant: return 1
    case .cosine: return floor + (1 - floor) * 0.5 * (1 + cos(.pi * t))
    case .poly: return floor + (1 - floor) * pow(1 - t, power)
    case .step: return milestones.reduce(1) { t >= $1 ? $0 * gamma : $0 }
    }
  }
}
