import Collectives
import Data

/// A split whose samples count as activity when they are read: a long pass is not taken for a stuck
/// one.
struct WatchedSource: SampleSource {
  let base: any SampleSource
  let activity: Activity

  var count: Int { base.count }
  var classNames: [String] { base.classNames }
  var labelNames: [String] { base.labelNames }
  var split: String { base.split }
  var splits: [String] { base.splits }

  func sample(at index: Int) throws -> Sample {
    defer { activity.rise() }
    return try base.sample(at: index)
  }

  func name(at index: Int) -> String { base.name(at: index) }
  func manifest() throws -> DataManifest { try base.manifest() }
  var blocks: SampleBlocks? { base.blocks }
  func expect(_ samples: [Int]) { base.expect(samples) }
}
