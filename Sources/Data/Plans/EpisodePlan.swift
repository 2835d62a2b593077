import Tensors

/// Training in episodes: each step is one, its images are the slots.
///
/// As FRN's sampler: every class's images in an order drawn anew each epoch; an episode draws `way`
/// distinct classes, each with a probability in proportion to its images left, and takes the next
/// images of each. A class with fewer left than an episode needs is out for the epoch. So an epoch
/// shows an image at most once. The sampler goes on until too few classes are left, which takes more
/// or fewer episodes by chance; here all epochs have as many as any order of draws allows.
public struct EpisodePlan: BatchPlan {
  public let classes: EpisodeClasses
  public let shape: EpisodeShape
  public let stepsPerEpoch: Int

  /// Precondition: `classes` passes `check` of this shape.
  public init(_ classes: EpisodeClasses, shape: EpisodeShape) {
    self.classes = classes
    self.shape = shape
    // While `way` classes can take part, an episode can be drawn. So when none can, fewer than `way`
    // have something left, each at most what the largest has.
    let turns = classes.images.map { $0.count / shape.perClass }
    let unused = (shape.way - 1) * (turns.max() ?? 0)
    stepsPerEpoch = max(1, (turns.reduce(0, +) - unused + shape.way - 1) / shape.way)
  }

  public func slots(at position: PlanPosition) -> [Slot] {
    let episode = episode(at: position)
    return episode.supports.enumerated().map { Slot(index: $0, sample: $1, role: "support") }
      + episode.queries.enumerated().map {
        Slot(index: shape.supportCount + $0, sample: $1, role: "query")
      }
  }

  /// Precondition: step is in 0 ..< stepsPerEpoch.
  public func episode(at position: PlanPosition) -> Episode {
    precondition(
      position.step >= 0 && position.step < stepsPerEpoch,
      "EpisodePlan: step \(position.step) is not in 0 ..< \(stepsPerEpoch)")
    let key = RandomKey(seed: position.seed).derived("episodes")
      .derived(position.stage).derived(position.epoch)
    var left = classes.images.map(\.count)
    var chosen: [Int] = []
    for step in 0...position.step {
      chosen = draw(left, key: key.derived("classes").derived(step))
      for label in chosen { left[label] -= shape.perClass }
    }
    // What is left now begins where this episode's images end.
    func images(_ places: Range<Int>) -> [Int] {
      chosen.flatMap { label in
        let all = classes.images[label]
        let order = KeyedPermutation(
          count: all.count, key: key.derived("images").derived(label))
        let first = all.count - left[label] - shape.perClass
        return places.map { all[order[first + $0]] }
      }
    }
    return Episode(
      classes: chosen, supports: images(0..<shape.shot),
      queries: images(shape.shot..<shape.perClass))
  }

  /// `way` distinct labels, one after another in proportion to the images left.
  private func draw(_ left: [Int], key: RandomKey) -> [Int] {
    var weights = left.map { $0 >= shape.perClass ? $0 : 0 }
    return (0..<shape.way).map { turn in
      var rest = key.integer(turn, below: weights.reduce(0, +))
      let label = weights.firstIndex { weight in
        if rest < weight { return true }
        rest -= weight
        return false
      }
      guard let label else { preconditionFailure("EpisodePlan: no class left") }
      weights[label] = 0
      return label
    }
  }
}
