/// Weights of another library that cannot become ours, or ours that cannot become its.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
  public let file: String
  /// What was found, after the file's name: "has no tensor x".
  public let problem: String
  /// What to do about it, without a full stop.
  public let advice: String

  package init(file: String, problem: String, advice: String) {
    self.file = file
    self.problem = problem
    self.advice = advice
  }

  public var description: String {
    // A list of tensors stands on lines of its own.
    problem.contains("\n") ? "\(file) \(problem)\n\(advice)." : "\(file) \(problem). \(advice)."
  }
}
