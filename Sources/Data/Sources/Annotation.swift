/// An object in an image.
public struct Annotation: Hashable, Sendable {
  /// Where exactly the object is.
  public enum Region: Hashable, Sendable {
    /// Outlines, each x, y, x, y, …; what any of them holds belongs to the object.
    case polygons([[Float]])
    case runs(RunLengthMask)
  }

  /// A point of a skeleton, in the order of the data set's names.
  public struct Keypoint: Hashable, Sendable {
    public var x: Float
    public var y: Float
    /// 0: not labelled, 1: labelled but hidden, 2: seen.
    public var visibility: UInt8

    public init(x: Float, y: Float, visibility: UInt8) {
      self.x = x
      self.y = y
      self.visibility = visibility
    }
  }

  /// Index into the source's `classNames`.
  public var category: Int
  public var box: Box
  public var region: Region?
  /// Stands for a group whose members are not told apart; scores leave it out.
  public var isCrowd: Bool
  public var keypoints: [Keypoint]

  public init(
    category: Int, box: Box, region: Region? = nil, isCrowd: Bool = false,
    keypoints: [Keypoint] = []
  ) {
    self.category = category
    self.box = box
    self.region = region
    self.isCrowd = isCrowd
    self.keypoints = keypoints
  }
}

/// A mask as lengths of runs, off and on in turn from the upper left corner down each column.
public struct RunLengthMask: Hashable, Sendable {
  public let size: ImageSize
  public let runs: [UInt32]

  /// nil when the runs do not add up to the picture.
  public init?(size: ImageSize, runs: [UInt32]) {
    guard runs.reduce(0, { $0 + Int($1) }) == size.height * size.width else { return nil }
    self.size = size
    self.runs = runs
  }

  public var area: Int {
    runs.enumerated().reduce(0) { $0 + ($1.offset % 2 == 1 ? Int($1.element) : 0) }
  }

  /// Calls `body` with the row and column of every pixel of the object.
  public func forEachPixel(_ body: (_ y: Int, _ x: Int) -> Void) {
    var place = 0
    for (index, run) in runs.enumerated() {
      let end = place + Int(run)
      if index % 2 == 1 {
        for pixel in place..<end { body(pixel % size.height, pixel / size.height) }
      }
      place = end
    }
  }
}
