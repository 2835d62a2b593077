import Data
import Synchronization

/// A split that writes down which samples were really read from it, in order: what a batch was made
/// of, whatever the plan says.
final class AuditedSource: WrappedSource {
  let base: any SampleSource
  private let read = Mutex<[Int]>([])

  init(_ base: any SampleSource) { self.base = base }

  /// Samples that were given out so far.
  var delivered: [Int] { read.withLock { $0 } }

  func sample(at index: Int) throws -> Sample {
    let sample = try base.sample(at: index)
    read.withLock { $0.append(index) }
    return sample
  }
}
