import Training

extension CLIP {
  package static var proof: Proof? {
    let recall = Measure("meanR@1", on: "test")
    let unseen = Measure("meanR@1", on: "heldout")
    let zeroShot = Measure("zeroShotAccuracy", on: "test")
    return Proof(
      "Contrast gains from many negatives: CLIP (Radford et al. 2021) computes each device's part of "
        + "the similarities against the pairs of all devices. Here the same samples make up every "
        + "step, with the negatives of the whole batch or of each replica's own part of it.",
      [
        Experiment(
          "scenes",
          "Pictures and captions of `scenes`, batch 64 over 8 replicas: 63 negatives against 7. "
            + "`meanR@1` is the mean of Recall@1 from image to text and from text to image.",
          job: [
            "data": ["world": "scenes", "size": 2000], "batch": 64, "replicas": 8, "epochs": 12,
            "options": [
              "imageEncoder": "convolution", "width": 48, "textWidth": 64, "textDepth": 2,
              "embedding": 64,
            ],
            "optimizer": [
              "name": "adamw", "learningRate": 2e-3, "weightDecay": 0.05, "clipNorm": 1,
            ],
            "schedule": ["name": "cosine", "warmupSteps": 30],
          ],
          arms: [
            Arm("global", "negatives of all replicas", ["options.negatives": "global"]),
            Arm("local", "negatives of the own replica", ["options.negatives": "local"]),
          ],
          measures: [recall, unseen, zeroShot],
          claims: [
            Claim(
              "Negatives of all replicas find more pairs",
              recall.of("global") - recall.of("local")
                >= 0.05),
            Claim(
              "also where the main object is a combination never trained on",
              unseen.of("global") - unseen.of("local") >= 0.05),
          ],
          quick: [
            "data": ["world": "scenes", "size": 64, "validation": 16, "test": 16, "heldout": 16],
            "epochs": 2, "batch": 32, "options.width": 16, "options.textWidth": 16,
          ])
      ])
  }
}
