import Data
import Tensors
import Testing

@Suite struct EpisodePlanTests {
  /// Labels of 7 classes with 30, 24, 21 and four times 18 images.
  private let labels = [30, 24, 21, 18, 18, 18, 18].enumerated().flatMap {
    Array(repeating: $0, count: $1)
  }
  private let shape = EpisodeShape(way: 3, shot: 2, query: 4)

  private var plan: EpisodePlan {
    EpisodePlan(EpisodeClasses(labels: labels, classes: 7), shape: shape)
  }

  private func slots(_ plan: EpisodePlan, epoch: Int, step: Int, seed: UInt64 = 1) -> [Slot] {
    plan.slots(at: PlanPosition(seed: seed, epoch: epoch, step: step))
  }

  @Test func `supports come first, then queries, class after class`() {
    let slots = slots(plan, epoch: 0, step: 0)
    #expect(slots.map(\.index) == Array(0..<18))
    #expect(
      slots.map(\.role) == Array(repeating: "support", count: 6)
        + Array(repeating: "query", count: 12))
    let classes = slots.map { labels[$0.sample] }
    let order = [classes[0], classes[2], classes[4]]
    #expect(Set(order).count == 3)
    #expect(classes == order.flatMap { [$0, $0] } + order.flatMap { [$0, $0, $0, $0] })
    #expect((0..<12).map { order[shape.classOfQuery($0)] } == Array(classes[6...]))
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `an epoch shows an image at most once`(seed: UInt64) {
    let plan = plan
    var epochs: [[Int]] = []
    for epoch in 0..<5 {
      let all = (0..<plan.stepsPerEpoch).flatMap {
        slots(plan, epoch: epoch, step: $0, seed: seed).map(\.sample)
      }
      #expect(Set(all).count == all.count)
      #expect(all.count == plan.stepsPerEpoch * shape.imageCount)
      epochs.append(all)
    }
    #expect(Set(epochs).count == 5)
  }

  @Test func `an epoch is as long as any order of draws allows`() {
    // 5 + 4 + 3 + 3 + 3 + 3 + 3 turns; two classes may keep 5 each: 14 turns of 3 begin 5 episodes.
    #expect(plan.stepsPerEpoch == 5)
    // CUB's training classes at 20-way 5-shot: "about a dozen".
    let even = EpisodeClasses(labels: (0..<6_000).map { $0 / 60 }, classes: 100)
    let cub = EpisodePlan(even, shape: EpisodeShape(way: 20, shot: 5, query: 15))
    #expect(cub.stepsPerEpoch == 13)
    for epoch in 0..<50 { #expect(slots(cub, epoch: epoch, step: 12).count == 400) }
    let one = EpisodePlan(
      EpisodeClasses(labels: [0, 0, 1, 1], classes: 2),
      shape: EpisodeShape(way: 2, shot: 1, query: 1))
    #expect(one.stepsPerEpoch == 1)
  }

  @Test func `classes with more images left come more often`() {
    // 90 images against 6 times 10, in single draws: the large class is in an episode's two ways
    // with a probability of 0.6 + 0.4 · 90/140.
    let labels = (0..<150).map { $0 < 90 ? 0 : 1 + ($0 - 90) / 10 }
    let plan = EpisodePlan(
      EpisodeClasses(labels: labels, classes: 7), shape: EpisodeShape(way: 2, shot: 1, query: 1))
    let hits = (0..<2_000).count { epoch in
      plan.episode(at: PlanPosition(seed: 4, epoch: epoch, step: 0)).classes.contains(0)
    }
    let expected = 2_000 * (0.6 + 0.4 * 90 / 140)
    #expect(abs(Double(hits) - expected) < 4 * (2_000 * 0.857 * 0.143).squareRoot())
  }

  @Test func `depends on seed, stage and epoch`() {
    let plan = plan
    let first = plan.slots(at: PlanPosition(seed: 1, epoch: 0, step: 1))
    #expect(plan.slots(at: PlanPosition(seed: 1, epoch: 0, step: 1)) == first)
    #expect(plan.slots(at: PlanPosition(seed: 2, epoch: 0, step: 1)) != first)
    #expect(plan.slots(at: PlanPosition(seed: 1, stage: 1, epoch: 0, step: 1)) != first)
    #expect(plan.slots(at: PlanPosition(seed: 1, epoch: 1, step: 1)) != first)
  }

  @Test func `trials have distinct classes and images`() {
    let trials = TrialEpisodes(
      EpisodeClasses(labels: labels, classes: 7), shape: shape, key: RandomKey(seed: 1))
    for trial in 0..<50 {
      let episode = trials[trial]
      let images = episode.supports + episode.queries
      #expect(Set(episode.classes).count == 3 && Set(images).count == 18)
      #expect(episode.supports.enumerated().allSatisfy { labels[$1] == episode.classes[$0 / 2] })
      #expect(episode.queries.enumerated().allSatisfy { labels[$1] == episode.classes[$0 / 4] })
    }
  }
}
