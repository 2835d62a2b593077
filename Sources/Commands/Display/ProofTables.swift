import Training

/// The tables of a page of results.
enum ProofTables {
  /// A row an arm: scores, the paper's own figures, what it changes.
  static func scores(_ results: ExperimentResults) -> TextTable {
    let experiment = results.experiment
    var papers: [String] = []
    for figure in experiment.arms.flatMap(\.paper) where !papers.contains(figure.what) {
      papers.append(figure.what)
    }
    var table = TextTable(
      [("arm", .left), ("", .left)]
        + experiment.measures.map { (title($0), .right) }
        + papers.map { ("paper: \($0)", .right) } + [("job", .left)])
    for arm in experiment.arms {
      let changes = arm.changes.sorted { $0.key < $1.key }
        .map { "`\($0.key): \(JobText.flow($0.value))`" }
      table.add(
        [arm.name, arm.about]
          + experiment.measures.map { spread(results.values($0, of: arm.name), $0) }
          + papers.map { what in arm.paper.first { $0.what == what }?.value ?? "" }
          + [changes.joined(separator: ", ")])
    }
    return table
  }

  /// A row a claim: what was measured for it, by seed and together, and the verdict.
  static func claims(_ results: ExperimentResults) -> TextTable {
    var table = TextTable([
      ("claim", .left), ("checked", .left), ("by seed", .left), ("mean (95 % interval)", .left),
      ("paper", .left), ("verdict", .left),
    ])
    for result in results.claims {
      let statement = result.claim.statement
      let kind = QuantityText(statement.quantity)
      var mean = "-"
      if let interval = result.interval {
        mean = kind.shown(interval.mean)
        if let half = interval.half {
          mean += " (\(kind.number(interval.mean - half)) to \(kind.number(interval.mean + half)))"
        }
      }
      let bound = kind.bound(statement.bound)
      table.add([
        result.claim.text + (result.claim.isGate ? " (a condition)" : ""),
        "\(kind.text) \(statement.isAtLeast ? "≥" : "≤") \(bound)",
        result.values.map { kind.number($0) }.joined(separator: ", "), mean, result.claim.paper,
        "**\(result.verdict.rawValue)**",
      ])
    }
    return table
  }

  /// A row an arm and seed.
  static func bySeed(_ results: ExperimentResults) -> TextTable {
    let experiment = results.experiment
    var table = TextTable(
      [("seed", .right), ("arm", .left)] + experiment.measures.map { (title($0), .right) })
    for seed in results.seeds {
      for arm in experiment.arms {
        table.add(
          ["\(seed)", arm.name]
            + experiment.measures.map { measure in
              results.value(measure, of: arm.name, seed: seed).map { shown($0, measure) } ?? "-"
            })
      }
    }
    return table
  }

  private static func title(_ measure: Measure) -> String {
    "\(measure.split) \(measure.score) \(measure.isLargerBetter ? "↑" : "↓")"
      + (measure.unit.isEmpty ? "" : " (\(measure.unit))")
  }

  private static func shown(_ value: Double, _ measure: Measure) -> String {
    measure.isFraction ? Numbers.fixed(100 * value, 1) + " %" : Numbers.compact(value)
  }

  private static func spread(_ values: [Double], _ measure: Measure) -> String {
    guard !values.isEmpty else { return "-" }
    let interval = MeanInterval(values)
    guard let deviation = interval.deviation else { return shown(interval.mean, measure) }
    return measure.isFraction
      ? "\(Numbers.fixed(100 * interval.mean, 1)) ± \(Numbers.fixed(100 * deviation, 1)) %"
      : "\(Numbers.compact(interval.mean)) ± \(Numbers.compact(deviation))"
  }
}

/// How a quantity and its values read.
struct QuantityText {
  private let quantity: Quantity

  init(_ quantity: Quantity) { self.quantity = quantity }

  private var isFraction: Bool { quantity.terms.allSatisfy(\.measure.isFraction) }
  private var isDifference: Bool { quantity.terms.count > 1 }

  /// "test meanR@1: global − local".
  var text: String {
    let terms = quantity.terms
    let names = terms.map { "\($0.measure.split) \($0.measure.score)" }
    if Set(names).count == 1, isDifference {
      return "\(names[0]): " + sum(terms.map(\.arm))
    }
    if Set(terms.map(\.arm)).count == 1 { return "\(terms[0].arm): " + sum(names) }
    return sum(zip(names, terms).map { "\($0) of \($1.arm)" })
  }

  private func sum(_ names: [String]) -> String {
    zip(quantity.terms, names).enumerated().map { index, pair in
      let (term, name) = pair
      let sign = term.factor < 0 ? (index == 0 ? "−" : " − ") : (index == 0 ? "" : " + ")
      let size = abs(term.factor)
      return sign + (size == 1 ? "" : "\(JobText.number(size)) × ") + name
    }.joined()
  }

  /// A value without its unit.
  func number(_ value: Double) -> String {
    let text = isFraction ? Numbers.fixed(100 * value, 1) : Numbers.compact(value)
    let signed = isDifference && value > 0 ? "+\(text)" : text
    return signed.replacing("-", with: "−")
  }

  func shown(_ value: Double) -> String { number(value) + unit(value) }

  func bound(_ value: Double) -> String {
    let text = JobText.number(isFraction ? (1e6 * value).rounded() / 1e4 : value)
    return text.replacing("-", with: "−") + (value == 0 ? "" : unit(value))
  }

  private func unit(_ value: Double) -> String {
    if isFraction { return isDifference ? (abs(value) == 0.01 ? " point" : " points") : " %" }
    let units = Set(quantity.terms.map(\.measure.unit))
    return units.count == 1 && units.first?.isEmpty == false ? " \(units.first ?? "")" : ""
  }
}
