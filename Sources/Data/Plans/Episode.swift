import Tensors

/// How an episode of few-shot learning is made: `way` classes, each with `shot` images to learn it
/// from and `query` to recognise.
public struct EpisodeShape: Hashable, Sendable {
  public let way: Int
  public let shot: Int
  public let query: Int

  /// Precondition: all at least 1.
  public init(way: Int, shot: Int, query: Int) {
    precondition(
      way >= 1 && shot >= 1 && query >= 1, "EpisodeShape: way \(way), shot \(shot), query \(query)")
    self.way = way
    self.shot = shot
    self.query = query
  }

  public var supportCount: Int { way * shot }
  public var queryCount: Int { way * query }
  public var imageCount: Int { supportCount + queryCount }
  /// Images of one class in one episode.
  public var perClass: Int { shot + query }

  /// Which class of the episode, from 0, a query belongs to. Precondition: 0 ≤ index < queryCount.
  public func classOfQuery(_ index: Int) -> Int { index / query }
}

/// One episode: all supports, then all queries, each class after class.
public struct Episode: Hashable, Sendable {
  /// Labels, in the order that gives classes their places.
  public let classes: [Int]
  public let supports: [Int]
  public let queries: [Int]
}

/// The images of each label, and whether there are enough of them for episodes.
public struct EpisodeClasses: Sendable {
  /// Indices into the split, by label.
  public let images: [[Int]]

  /// Precondition: every label is in 0 ..< classes.
  public init(labels: [Int], classes: Int) {
    var images = [[Int]](repeating: [], count: classes)
    for (index, label) in labels.enumerated() { images[label].append(index) }
    self.images = images
  }

  /// The labels of a split.
  ///
  /// Throws: `DataError` for a sample without label, and what the source throws.
  public init(of source: any SampleSource) throws {
    let labels = try (0..<source.count).map { index in
      guard let label = try source.label(at: index), source.labelNames.indices.contains(label)
      else {
        throw DataError(
          file: try source.sample(at: index).id, problem: "has no label",
          advice: "Episodes are made of classes: use a data set whose images have one label")
      }
      return label
    }
    self.init(labels: labels, classes: source.labelNames.count)
  }

  /// Throws: `DataError` unless every class has the images of one episode, and there are enough
  /// classes. `source` is for messages.
  public func check(_ shape: EpisodeShape, of source: any SampleSource) throws {
    guard images.count >= shape.way else {
      throw DataError(
        file: "split \(source.split)",
        problem: "has \(images.count) classes, an episode needs \(shape.way)",
        advice: "Lower the way of the episodes, or add classes")
    }
    if let poor = images.firstIndex(where: { $0.count < shape.perClass }) {
      throw DataError(
        file: "split \(source.split)",
        problem: "class \(source.labelNames[poor]) has \(images[poor].count) images, an episode "
          + "needs \(shape.perClass): \(shape.shot) to learn from and \(shape.query) to recognise",
        advice: "Add images, take the class out, or lower shot or query")
    }
  }
}

/// Episodes to score a model on. Trial t is the same whoever asks, and the same for every model:
/// differences between models are differences on the same episodes.
public struct TrialEpisodes: Sendable {
  public let classes: EpisodeClasses
  public let shape: EpisodeShape
  private let key: RandomKey

  /// `key`: Of all trials. Precondition: `classes` passes `check` of this shape.
  public init(_ classes: EpisodeClasses, shape: EpisodeShape, key: RandomKey) {
    self.classes = classes
    self.shape = shape
    self.key = key
  }

  public subscript(trial: Int) -> Episode {
    let own = key.derived("trial").derived(trial)
    let order = KeyedPermutation(count: classes.images.count, key: own.derived("classes"))
    let chosen = (0..<shape.way).map { order[$0] }
    let orders = chosen.map { label in
      KeyedPermutation(
        count: classes.images[label].count, key: own.derived("images").derived(label))
    }
    func images(_ places: Range<Int>) -> [Int] {
      zip(chosen, orders).flatMap { label, order in
        places.map { classes.images[label][order[$0]] }
      }
    }
    return Episode(
      classes: chosen, supports: images(0..<shape.shot),
      queries: images(shape.shot..<shape.perClass))
  }
}
