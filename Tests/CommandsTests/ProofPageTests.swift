import Commands
import Testing
import Training

@Suite struct ProofPageTests {
  private static let recall = Measure("R@1", on: "test")
  private static let distance = Measure(
    "95HD", on: "test", isLargerBetter: false, isFraction: false, unit: "voxels")

  private static let proof = Proof(
    "The method wins.",
    [
      Experiment(
        "scenes", "Two ways on the same data.",
        job: [
          "data": ["world": "scenes", "size": 200], "batch": 16, "epochs": 2,
          "options": ["name": "it's"], "optimizer": ["name": "sgd", "learningRate": 0.05],
        ],
        arms: [
          Arm(
            "full", "the method", ["options.flag": true],
            paper: [PaperFigure("CUB (Table 2)", "62.9 %")]),
          Arm("plain", "without"),
        ],
        measures: [recall, distance],
        claims: [
          Claim(
            "It finds more", recall.of("full") - recall.of("plain") >= 0.05, paper: "+7 points"),
          Claim("and is nearer", 0.8 * distance.of("plain") - distance.of("full") >= 0),
          Claim("full is usable", recall.of("full") >= 0.5, isGate: true),
        ],
        quick: ["steps": 1]),
      Experiment(
        "real", job: ["data": ["format": "text"]], folder: "the CSV files",
        arms: [Arm("full", "")], measures: [recall], claims: [Claim("", recall.of("full") >= 0)],
        quick: [:]),
    ])

  private func page(seeds: [Int], isQuick: Bool = false) throws -> ProofPage {
    var page = ProofPage(
      recipe: "tiny", proof: Self.proof, command: "martlet prove tiny",
      machine: "2 cores, a processor", version: "0.1.0", isQuick: isQuick)
    let experiment = Self.proof.experiments[0]
    let runs = try experiment.runs(recipe: "tiny", seeds: seeds)
    page.add(
      experiment, seeds: seeds,
      runs.map { run in
        let isFull = run.arm == "full"
        let scores = [
          Score("R@1", (isFull ? 0.6 : 0.5) + 0.01 * Double(run.seed * (isFull ? 2 : 1))),
          Score("95HD", isFull ? 4 : 8 + Double(run.seed), isFraction: false),
        ]
        return (
          run,
          ProofResult(
            digest: run.digest, model: "",
            scores: [Training.Progress.SplitScores(split: "test", step: 4, scores: scores)],
            seconds: 40, build: "b", arithmetic: "kernels")
        )
      })
    page.leaveOut(Self.proof.experiments[1])
    return page
  }

  @Test func `shows what was claimed, measured and found`() throws {
    let page = try page(seeds: [1, 2, 3])
    expectSnapshot(page.text, "proof")
    #expect(page.isReproduced)
  }

  @Test func `one seed proves nothing`() throws {
    let page = try page(seeds: [1], isQuick: true)
    #expect(page.text.contains("shows that everything works"))
    #expect(page.text.contains("**inconclusive**"))
    #expect(!page.isReproduced)
  }

  @Test func `keeps what people wrote below the notes' heading`() throws {
    var page = try page(seeds: [1])
    page.notes = "## Notes\n\nTried twice."
    #expect(ProofPage.notes(in: page.text + "\n") == page.notes)
    #expect(ProofPage.notes(in: "# Proof\n\nno notes") == "")
  }

  @Test func `knows how long the rest will take`() {
    var clock = ProofClock()
    #expect(clock.remaining(["full"]) == nil)
    clock.add(10, arm: "full")
    clock.add(20, arm: "full")
    #expect(clock.remaining(["full", "full"]) == 30)
    clock.add(60, arm: "plain")
    // An arm that nobody has seen takes as long as a run does on the whole.
    #expect(clock.remaining(["plain", "other"]) == 90)
    #expect(clock.remaining([]) == 0)
  }
}
