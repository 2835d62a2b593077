import Data
import Synchronization

/// A split that writes down which samples were really read from it, in order: what a batch was made
/// of, whatever the plan says.
final class AuditedSource: WrappedSource {
  let base: any SampleSource
  private let read = Mutex<[Int]>([])

  init(_ base: any SampleSource) { self.base = base }

  /// Samples that were given out so far, but for those of slots that were left out afterwards.
  func delivered(without skipped: [Slot]) -> [Int] {
    var samples = read.withLock { $0 }
    for sample in skipped.flatMap({ $0.references.map(\.sample) }) {
      if let place = samples.firstIndex(of: sample) { samples.remove(at: place) }
    }
    return samples
  }

  func sample(at index: Int) throws -> Sample {
    let sample = try base.sample(at: index)
    read.withLock { $0.append(index) }
    return sample
  }
}
