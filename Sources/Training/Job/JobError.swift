/// Something in a job file that cannot be: where, what was found, what was expected.
///
/// Final: a person must change the file or flag.
public struct JobError: Error, Equatable, CustomStringConvertible {
  /// The key, dotted: "optimizer.learningRate".
  public let key: String
  public let problem: String

  public init(_ key: String, _ problem: String) {
    self.key = key
    self.problem = problem
  }

  public var description: String {
    key.isEmpty ? "job: \(problem)" : "job key '\(key)': \(problem)"
  }
}
