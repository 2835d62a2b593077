/// A sentence of a paper as a statement that seeds can bear out or not.
public struct Claim: Sendable {
  /// What can be checked of scores: a quantity and its bound.
  public struct Statement: Sendable, Hashable {
    public let quantity: Quantity
    public let bound: Double
    public let isAtLeast: Bool
  }

  public let text: String
  public let statement: Statement
  /// The paper's own figure for it: "+4.1 points on CUB (Table 2)".
  public let paper: String
  /// Whether the experiment says nothing if this does not hold: a condition, not a result.
  public let isGate: Bool

  public init(_ text: String, _ statement: Statement, paper: String = "", isGate: Bool = false) {
    self.text = text
    self.statement = statement
    self.paper = paper
    self.isGate = isGate
  }
}
