import Data
import Synchronization

/// A split that writes down which samples were really read from it, in order: what a batch was made
/// of, whatever the plan says.
final class AuditedSource: SampleSource {
  private let base: any SampleSource
  private let read = Mutex<[Int]>([])

  init(_ base: any SampleSource) { self.base = base }

  /// Samples that were given out so far.
  var delivered: [Int] { read.withLock { $0 } }

  var count: Int { base.count }
  var classNames: [String] { base.classNames }
  var labelNames: [String] { base.labelNames }
  var split: String { base.split }
  var splits: [String] { base.splits }

  func sample(at index: Int) throws -> Sample {
    let sample = try base.sample(at: index)
    read.withLock { $0.append(index) }
    return sample
  }

  func name(at index: Int) -> String { base.name(at: index) }
  func manifest() throws -> DataManifest { try base.manifest() }
  func expect(_ samples: [Int]) { base.expect(samples) }
}
