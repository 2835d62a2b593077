/// Something wrong with a file or a data set: what, where, and the next move of its owner.
public struct DataError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The file or folder, as the reader named it.
  public let file: String
  /// What was found and what was expected, values included.
  public let problem: String
  /// What to do about it.
  public let advice: String

  public init(file: String, problem: String, advice: String) {
    self.file = file
    self.problem = problem
    self.advice = advice
  }

  public var description: String { "\(file): \(problem). \(advice)." }
}
