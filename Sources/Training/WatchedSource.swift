import Collectives
import Data

/// A split whose samples count as activity when they are read: a long pass is not taken for a stuck
/// one.
struct WatchedSource: WrappedSource {
  let base: any SampleSource
  let activity: Activity

  func sample(at index: Int) throws -> Sample {
    defer { activity.rise() }
    return try base.sample(at: index)
  }
}
