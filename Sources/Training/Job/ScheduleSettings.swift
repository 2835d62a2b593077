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

  /// How the factor rises to 1 at first, in a straight line.
  public enum Warmup: Sendable, Equatable {
    /// In n steps, from 1/n at the first.
    case steps(Int)
    /// The same, n a fraction of the training, rounded up.
    case fraction(Double)
    /// In whole epochs, from 0 at the first step.
    case epochs(Int)

    /// As the job has it.
    package var setting: (key: String, value: String) {
      switch self {
      case .steps(let count): ("warmupSteps", "\(count)")
      case .fraction(let fraction): ("warmupFraction", "\(fraction)")
      case .epochs(let count): ("warmupEpochs", "\(count)")
      }
    }
  }

  public var curve: Curve
  public var warmup = Warmup.steps(0)
  /// Whether the curve changes between epochs only.
  public var isPerEpoch = false
  /// The factor at the end of cosine and poly.
  public var floor = 0.0
  /// Exponent of poly: (1 − t)ᵖ.
  public var power = 0.9
  /// Where `step` multiplies by `gamma`, as fractions of the training.
  public var milestones: [Double] = [0.5, 0.75]
  public var gamma = 0.1

  public init(_ curve: Curve, warmupSteps: Int = 0) {
    self.curve = curve
    warmup = .steps(warmupSteps)
  }

  init(_ value: JobValue?, default settings: ScheduleSettings) throws(JobError) {
    self = settings
    var reader = try JobReader(value, path: "schedule")
    if let name = try reader.choice("name", of: Curve.allCases.map(\.rawValue)) {
      curve = Curve(rawValue: name) ?? curve
    }
    try readWarmup(&reader)
    isPerEpoch = try reader.bool("perEpoch") ?? isPerEpoch
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

  private mutating func readWarmup(_ reader: inout JobReader) throws(JobError) {
    let given: [Warmup?] = [
      try reader.integer("warmupSteps", in: 0...(.max)).map { .steps($0) },
      try reader.number("warmupFraction", in: 0...1).map { .fraction($0) },
      try reader.integer("warmupEpochs", in: 0...1_000_000).map { .epochs($0) },
    ]
    let found = given.compactMap { $0 }
    guard found.count <= 1 else {
      throw JobError(
        "schedule.\(found[1].setting.key)",
        "given together with \(found[0].setting.key); give one of them")
    }
    warmup = found.first ?? warmup
  }

  /// A setting of another curve would be ignored silently.
  private func refuseForeign(_ value: JobValue?) throws(JobError) {
    let owners: [(key: String, curves: [Curve])] = [
      ("floor", [.cosine, .poly]), ("perEpoch", [.cosine, .poly, .step]), ("power", [.poly]),
      ("milestones", [.step]),
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
  public func factor(at step: Int, of total: Int, stepsPerEpoch: Int = 1) -> Double {
    let (rise, start) =
      switch warmup {
      case .steps(let count): (count, 1)
      case .fraction(let fraction): (Int((fraction * Double(total)).rounded(.up)), 1)
      case .epochs(let count): (count * stepsPerEpoch, 0)
      }
    if step < rise { return Double(step + start) / Double(rise) }
    let length = max(1, total - rise)
    let place = isPerEpoch ? step - step % stepsPerEpoch : step
    let t = min(1, Double(max(0, place - rise)) / Double(length))
    switch curve {
    case .constant: return 1
    case .cosine: return floor + (1 - floor) * 0.5 * (1 + cos(.pi * t))
    case .poly: return floor + (1 - floor) * pow(1 - t, power)
    case .step: return milestones.reduce(1) { t >= $1 ? $0 * gamma : $0 }
    }
  }
}
