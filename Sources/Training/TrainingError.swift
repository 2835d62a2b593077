/// Why a training cannot go on.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// The loss or the gradient is NaN or infinite. Final: the last good checkpoint stays.
  case notFinite(step: Int, what: String, value: Double)
  /// A checkpoint cannot be used. Final for that checkpoint: an older one may do.
  case checkpoint(path: String, problem: String)
  /// What a run wrote down of itself is missing or cannot be read.
  case record(path: String, problem: String)
  /// A file could not be written. The one it would have replaced is intact.
  case write(path: String, problem: String)

  public var description: String {
    switch self {
    case .notFinite(let step, let what, let value):
      "step \(step): the \(what) is \(value); lower the learning rate, clip the gradient "
        + "(optimizer.clipNorm) or check the data; the last good checkpoint is kept"
    case .checkpoint(let path, let problem): "checkpoint \(path): \(problem)"
    case .record(let path, let problem): "\(path) \(problem)"
    case .write(let path, let problem): "cannot write \(path): \(problem)"
    }
  }
}
