/// What is wrong with a split, and what is in it.
public struct SplitReport: Sendable, Encodable {
  public let split: String
  /// As listed, whether they can be read or not.
  public let sampleCount: Int
  /// In the order in which they were found.
  public let problems: [DataError]
  /// Those beyond `DataCheck.problemsMax`.
  public let problemsLeftOut: Int
  /// Of the samples that can be read.
  public let summary: Summary

  public var problemCount: Int { problems.count + problemsLeftOut }

  public struct Summary: Sendable, Encodable {
    /// That could be read.
    public let samples: Int
    /// Of a sample's files on disk.
    public let bytes: Distribution?
    /// Pixels.
    public let height: Distribution?
    public let width: Distribution?
    /// Voxels.
    public let depth: Distribution?
    /// Per channel of images (in 0 … 1), of volumes, of features.
    public let mean: [Double]
    public let standardDeviation: [Double]
    /// Of masks, label volumes and annotations.
    public let classes: [ClassCount]
    /// Pixels or voxels where nothing is known.
    public let ignoredPixels: Int
    public let labels: [LabelCount]
    public let captions: Int
    /// Annotated objects.
    public let objects: Int
    /// Of these, groups that stand for many.
    public let crowds: Int
    /// Characters.
    public let textLength: Distribution?
    /// Shapes of features and how many samples have each.
    public let featureShapes: [String: Int]
  }

  public struct ClassCount: Sendable, Encodable, Hashable {
    public let index: Int
    public let name: String
    /// Samples in which the class occurs.
    public var samples = 0
    public var pixels = 0
    public var objects = 0
  }

  public struct LabelCount: Sendable, Encodable, Hashable {
    public let index: Int
    public let name: String
    public let samples: Int
  }
}
