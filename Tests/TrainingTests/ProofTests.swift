import Testing
import Training

@Suite struct ProofTests {
  private let recall = Measure("recall", on: "test")

  private func experiment(
    preparations: [Preparation] = [], claims: [Claim]? = nil
  ) -> Experiment {
    Experiment(
      "small", job: ["data": ["world": "scenes", "size": 9], "epochs": 3],
      preparations: preparations,
      arms: [Arm("on", "with", ["options.flag": true]), Arm("off", "without")],
      measures: [recall],
      claims: claims ?? [Claim("on wins", recall.of("on") - recall.of("off") >= 0.01)],
      quick: ["steps": 2, "data.size": 4])
  }

  private func results(_ on: [Double], _ off: [Double], claims: [Claim]? = nil) -> ExperimentResults
  {
    var results = ExperimentResults(
      experiment(claims: claims), seeds: Array(1...max(on.count, off.count)))
    for (arm, values) in [("on", on), ("off", off)] {
      for (index, value) in values.enumerated() {
        results.add(
          [Training.Progress.SplitScores(split: "test", step: 3, scores: [Score("recall", value)])],
          arm: arm,
          seed: index + 1)
      }
    }
    return results
  }

  @Test func `an interval of a mean is Student's`() throws {
    let interval = MeanInterval([1, 2, 3, 4])
    #expect(interval.mean == 2.5)
    #expect(abs(try #require(interval.deviation) - 1.290994) < 1e-6)
    // 3.182 × 1.290994 / 2
    #expect(abs(try #require(interval.half) - 2.053972) < 1e-5)
    // Sums of equal numbers round.
    let equal = MeanInterval([0.7, 0.7, 0.7])
    #expect(equal.deviation == 0 && equal.mean == 0.7)
    #expect(MeanInterval([7]) == MeanInterval([7]) && MeanInterval([7]).half == nil)
  }

  @Test(arguments: [
    ([0.05, 0.06, 0.07], Verdict.reproduced), ([0.02, 0.02, 0.02], .reproduced),
    ([0.009, 0.009, 0.009], .notReproduced), ([-0.05, -0.06, -0.07], .notReproduced),
    ([0.01, 0.10, -0.03], .inconclusive), ([0.009, 0.010, 0.0095], .inconclusive),
    ([0.5], .inconclusive), ([.nan, 0.1, 0.1], .inconclusive),
  ])
  func `seeds bear a gain out or not`(gains: [Double], verdict: Verdict) {
    let statement = recall.of("on") - recall.of("off") >= 0.01
    #expect(statement.verdict(MeanInterval(gains)) == verdict)
    let mirrored = recall.of("off") - recall.of("on") <= -0.01
    #expect(mirrored.verdict(MeanInterval(gains.map { -$0 })) == verdict)
  }

  @Test(arguments: [
    ([0.001, -0.001, 0.0], Verdict.reproduced), ([-0.02, 0.02, 0.01], .inconclusive),
    ([-0.011, -0.012, -0.013], .notReproduced),
  ])
  func `a small loss may be allowed`(gains: [Double], verdict: Verdict) {
    let statement = recall.of("on") - recall.of("off") >= -0.005
    #expect(statement.verdict(MeanInterval(gains)) == verdict)
  }

  @Test func `scores are compared within a seed`() {
    // The seeds differ by much more than the arms.
    let claims = results([0.10, 0.50, 0.90], [0.07, 0.46, 0.86]).claims
    #expect(claims[0].verdict == .reproduced)
    #expect(zip(claims[0].values, [0.03, 0.04, 0.04]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func `a seed counts once all of its scores are there`() {
    #expect(results([0.5, 0.6], [0.1]).claims[0].values == [0.4])
    #expect(results([0.5, 0.6], []).claims[0].verdict == .notRun)
  }

  @Test func `an experiment whose condition fails says nothing`() {
    let claims = [
      Claim("on is good", recall.of("on") >= 0.7, isGate: true),
      Claim("on wins", recall.of("on") - recall.of("off") >= 0.01),
    ]
    let bad = results([0.5, 0.6, 0.7], [0.1, 0.2, 0.3], claims: claims).claims
    #expect(bad.map(\.verdict) == [.notReproduced, .void])
    let good = results([0.7, 0.7, 0.9], [0.3, 0.3, 0.5], claims: claims).claims
    #expect(good.map(\.verdict) == [.reproduced, .reproduced])
  }

  @Test func `factors and sums of scores are scores`() {
    let quantity = 2 * recall.of("on") - 0.5 * recall.of("off") + recall.of("off")
    #expect(quantity.terms.map(\.factor) == [2, -0.5, 1])
    let value = results([0.3], [0.2], claims: [Claim("", quantity >= 0)]).claims[0].values[0]
    #expect(abs(value - 0.7) < 1e-12)
  }

  @Test func `every arm is trained with every seed and nothing else differs`() throws {
    let runs = try experiment().runs(recipe: "tiny", seeds: [1, 2])
    #expect(runs.map { "\($0.arm) \($0.seed)" } == ["on 1", "off 1", "on 2", "off 2"])
    #expect(Set(runs.map(\.digest)).count == 4)
    let job = runs[0].job(model: { $0 }, output: "/out")
    #expect(job[path: "recipe"] == "tiny" && job[path: "output"] == "/out")
    #expect(job[path: "options.flag"] == true && job[path: "seed"] == 1)
    let again = try experiment().runs(recipe: "tiny", seeds: [1], arms: ["on"])
    #expect(again.map(\.digest) == [runs[0].digest])
  }

  @Test func `a quick run replaces the length`() throws {
    let job = try experiment().runs(recipe: "tiny", seeds: [1], isQuick: true)[0]
      .job(model: { $0 }, output: "")
    #expect(job[path: "steps"] == 2 && job[path: "epochs"] == nil)
    #expect(job[path: "data.size"] == 4 && job[path: "data.world"] == "scenes")
  }

  @Test(arguments: [false, true])
  func `arms begin from what is prepared`(isShared: Bool) throws {
    func runs(_ size: JobValue) throws -> [ProofRun] {
      try experiment(preparations: [
        Preparation(
          "before", "weights", job: ["recipe": "other", "data": ["size": size]],
          isShared: isShared, quick: [:])
      ]).runs(recipe: "tiny", seeds: [1, 2])
    }
    let all = try runs(5)
    let prepared = all.filter(\.isPreparation)
    #expect(prepared.map(\.seed) == (isShared ? [1] : [1, 2]))
    #expect(prepared.flatMap(\.serves) == [1, 2])
    #expect(all.first?.isPreparation == true)
    let arm = try #require(all.last)
    #expect(arm.takes.map(\.digest) == [prepared[prepared.count - 1].digest])
    let job = arm.job(model: { "/runs/\($0)" }, output: "")
    #expect(job[path: "init"] == .text("/runs/\(arm.takes[0].digest)"))
    // Another preparation makes another arm of it.
    #expect(try runs(6).last?.digest != arm.digest)
  }

  @Test func `an arm may go without what is prepared`() throws {
    let experiment = Experiment(
      "small", job: [:], preparations: [Preparation("before", "", job: [:], quick: [:])],
      arms: [Arm("scratch", "", ["init": .null])], measures: [recall],
      claims: [Claim("", recall.of("scratch") >= 0)], quick: [:])
    let runs = try experiment.runs(recipe: "tiny", seeds: [1])
    #expect(runs[1].takes.isEmpty)
    #expect(runs[1].job(model: { $0 }, output: "")[path: "init"] == .null)
  }

  @Test func `real data lies where the command says`() throws {
    let real = Experiment(
      "real", job: ["data": ["format": "text"]], folder: "the files", arms: [Arm("a", "")],
      measures: [recall], claims: [Claim("", recall.of("a") >= 0)], quick: [:])
    let job = try real.runs(recipe: "tiny", seeds: [1], data: "/set")[0]
      .job(model: { $0 }, output: "")
    #expect(job[path: "data"] == ["format": "text", "path": "/set"])
  }
}
