/// The `optimizer:` block of a job.
public struct OptimizerSettings: Sendable, Equatable {
  public enum Rule: String, Sendable, CaseIterable {
    case sgd, adam, adamw, lars
  }

  /// Which parameters weight decay touches by default.
  public enum Decay: String, Sendable, CaseIterable {
    /// Matrices and kernels; not biases, norms, scales (parameters with fewer than two axes).
    case matrices
    case all
  }

  /// Other settings for parameters whose name matches a pattern; the first match counts.
  public struct Group: Sendable, Equatable {
    /// Shell-style: `*` any run of characters, `?` one.
    public var match: String
    /// Factor on the scheduled learning rate.
    public var learningRateScale: Double
    /// Replaces the weight decay.
    public var weightDecay: Double?
  }

  public var rule: Rule
  /// Peak learning rate η.
  public var learningRate: Double
  /// λ; decoupled in adamw, added to the gradient elsewhere.
  public var weightDecay: Double
  public var decay = Decay.matrices
  public var momentum = 0.9
  public var nesterov = false
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  /// Trust coefficient of LARS (You et al. 2017).
  public var trust = 0.001
  /// Largest global gradient norm; 0 switches clipping off.
  public var clipNorm = 0.0
  public var groups: [Group] = []

  public init(_ rule: Rule, learningRate: Double, weightDecay: Double = 0, clipNorm: Double = 0) {
    self.rule = rule
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
  }

  /// Arrays of the parameters' size that the rule keeps.
  public var moments: Int { momentNames.count }

  /// What they are called in checkpoints: rules that mean the same by them share the name.
  var momentNames: [String] {
    switch rule {
    case .sgd, .lars: ["velocity"]
    case .adam, .adamw: ["mean", "square"]
    }
  }

  init(_ value: JobValue?, default settings: OptimizerSettings) throws(JobError) {
    self = settings
    var reader = try JobReader(value, path: "optimizer")
    if let name = try reader.choice("name", of: Rule.allCases.map(\.rawValue)) {
      rule = Rule(rawValue: name) ?? rule
    }
    learningRate = try reader.number("learningRate", in: 0...1e6) ?? learningRate
    weightDecay = try reader.number("weightDecay", in: 0...10) ?? weightDecay
    if let name = try reader.choice("decay", of: Decay.allCases.map(\.rawValue)) {
      decay = Decay(rawValue: name) ?? decay
    }
    momentum = try reader.number("momentum", in: 0...0.99999) ?? momentum
    nesterov = try reader.bool("nesterov") ?? nesterov
    beta1 = try reader.number("beta1", in: 0...0.99999) ?? beta1
    beta2 = try reader.number("beta2", in: 0...0.9999999) ?? beta2
    epsilon = try reader.number("epsilon", in: 1e-20...1) ?? epsilon
    trust = try reader.number("trust", in: 1e-9...10) ?? trust
    clipNorm = try reader.number("clipNorm", in: 0...1e9) ?? clipNorm
    try Self.refuseForeign(value, rule: rule)
    if let list = try reader.list("groups") {
      groups = []
      for (index, item) in list.enumerated() { groups.append(try Group(item, index: index)) }
    }
    try reader.finish()
  }
}

extension OptimizerSettings {
  /// A setting of another rule would be ignored silently.
  private static func refuseForeign(_ value: JobValue?, rule: Rule) throws(JobError) {
    let owners: [(key: String, rules: [Rule])] = [
      ("momentum", [.sgd, .lars]), ("nesterov", [.sgd]), ("beta1", [.adam, .adamw]),
      ("beta2", [.adam, .adamw]), ("epsilon", [.adam, .adamw]), ("trust", [.lars]),
    ]
    for (key, rules) in owners where !rules.contains(rule) {
      guard value?[path: key] == nil else {
        throw JobError(
          "optimizer.\(key)",
          "has no meaning for \(rule.rawValue), only for "
            + rules.map(\.rawValue).joined(separator: ", "))
      }
    }
  }
}

extension OptimizerSettings.Group {
  init(_ value: JobValue, index: Int) throws(JobError) {
    var reader = try JobReader(value, path: "optimizer.groups.\(index)")
    guard let match = try reader.text("match") else {
      throw JobError(
        "optimizer.groups.\(index).match", "missing; give a name pattern, like '*.bias'")
    }
    self.match = match
    learningRateScale = try reader.number("learningRateScale", in: 0...1e6) ?? 1
    weightDecay = try reader.number("weightDecay", in: 0...10)
    try reader.finish()
  }
}

extension OptimizerSettings {
  /// Throws if a group's pattern matches none of the parameters' names.
  func checkGroups(names: [String]) throws(JobError) {
    for (index, group) in groups.enumerated() {
      guard !names.contains(where: { matches($0, pattern: group.match) }) else { continue }
      throw JobError(
        "optimizer.groups.\(index).match",
        "'\(group.match)' matches no parameter; names are like "
          + names.prefix(3).joined(separator: ", "))
    }
  }
}

/// Whether `name` matches a shell-style pattern of `*` (any run of characters) and `?` (one).
package func matches(_ name: String, pattern: String) -> Bool {
  let (name, pattern) = (Array(name), Array(pattern))
  var (n, p) = (0, 0)
  // Where the last star was and what it has swallowed: only that one needs to be tried again.
  var star: (pattern: Int, name: Int)?
  while n < name.count {
    if p < pattern.count, pattern[p] == "*" {
      star = (p, n)
      p += 1
    } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
      n += 1
      p += 1
    } else if let last = star {
      star = (last.pattern, last.name + 1)
      n = last.name + 1
      p = last.pattern + 1
    } else {
      return false
    }
  }
  return pattern[p...].allSatisfy { $0 == "*" }
}
