import Training

extension HeatedEmbedding {
  package static var proof: Proof? {
    Proof(
      """
      A softmax over cosines needs an intermediate temperature: a hot one (small α) draws classes \
      together but tells them apart badly, a cold one leaves samples where they are as soon as they \
      are right. Training at a middle temperature and heating up at the end makes classes compact \
      without loss.
      """,
      [heatingProof])
  }

  /// Also an experiment of `fake-news`, which takes its softmax from here.
  static var heatingProof: Experiment {
    let recall = Measure("recall@1", on: "test")
    let compactness = Measure("compactness", on: "train", isFraction: false)
    let drop: [String: JobValue] = [
      "schedule": ["name": "step", "milestones": [.number(0.7)], "gamma": .number(0.1)]
    ]
    func arm(_ name: String, _ about: String, alpha: String, drops: Bool = false) -> Arm {
      Arm(name, about, ["options.alpha": .text(alpha)].merging(drops ? drop : [:]) { $1 })
    }
    return Experiment(
      "heating",
      "20 classes of 38 numbers, of which 8 tell them apart; 20 other classes in the test. Recall is "
        + "on those, compactness is the mean cosine of training samples with their class's mean.",
      job: [
        "recipe": "heated-softmax", "data": ["world": "nuisance-features"], "batch": 64,
        "replicas": 4, "steps": 2000, "validate": ["split": "train"],
        "optimizer": ["name": "adam", "learningRate": .number(1e-3)],
        "schedule": ["name": "constant"],
      ],
      arms: [
        arm("1", "α = 1", alpha: "1"), arm("4", "α = 4", alpha: "4"),
        arm("16", "α = 16", alpha: "16"), arm("64", "α = 64", alpha: "64"),
        arm(
          "flat", "α = 16, the learning rate falls to a tenth at 70 %", alpha: "16", drops: true),
        arm("heated", "the same, and α falls to 4 there", alpha: "16,4@0.7", drops: true),
      ],
      measures: [recall, compactness],
      claims: [
        Claim("α = 16 finds 4 points more than α = 1", recall.of("16") - recall.of("1") >= 0.04),
        Claim("… and than α = 64", recall.of("16") - recall.of("64") >= 0.04),
        Claim(
          "Heating makes classes more compact",
          compactness.of("heated") - compactness.of("flat") >= 0.01),
        Claim("… at no loss of recall", recall.of("heated") - recall.of("flat") >= 0),
      ],
      quick: ["steps": 3, "data.classes": 4, "data.samples": 5, "batch": 8])
  }
}
