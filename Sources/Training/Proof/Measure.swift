/// A score that an experiment compares, as the recipe's `evaluate` names it.
public struct Measure: Sendable, Hashable {
  public let score: String
  /// Scored with the final weights.
  public let split: String
  public let isLargerBetter: Bool
  /// Shown in percent, its differences in points; otherwise in `unit`.
  public let isFraction: Bool
  public let unit: String

  /// `unit`: For a score that is no fraction: "voxels".
  public init(
    _ score: String, on split: String, isLargerBetter: Bool = true, isFraction: Bool = true,
    unit: String = ""
  ) {
    self.score = score
    self.split = split
    self.isLargerBetter = isLargerBetter
    self.isFraction = isFraction
    self.unit = unit
  }

  /// The score of one arm or preparation.
  public func of(_ arm: String) -> Quantity {
    Quantity(terms: [Quantity.Term(factor: 1, measure: self, arm: arm)])
  }
}

/// A sum of scores with factors, taken for each seed: `recall.of("full") - recall.of("baseline")`.
public struct Quantity: Sendable, Hashable {
  public struct Term: Sendable, Hashable {
    public let factor: Double
    public let measure: Measure
    public let arm: String
  }

  public let terms: [Term]

  public static func + (a: Quantity, b: Quantity) -> Quantity {
    Quantity(terms: a.terms + b.terms)
  }

  public static func - (a: Quantity, b: Quantity) -> Quantity { a + -1 * b }

  public static func * (factor: Double, quantity: Quantity) -> Quantity {
    Quantity(
      terms: quantity.terms.map {
        Term(factor: factor * $0.factor, measure: $0.measure, arm: $0.arm)
      })
  }

  /// At least the bound, in the scores' own unit: 0.05 is five points of a fraction.
  public static func >= (quantity: Quantity, bound: Double) -> Claim.Statement {
    Claim.Statement(quantity: quantity, bound: bound, isAtLeast: true)
  }

  /// At most the bound.
  public static func <= (quantity: Quantity, bound: Double) -> Claim.Statement {
    Claim.Statement(quantity: quantity, bound: bound, isAtLeast: false)
  }
}
