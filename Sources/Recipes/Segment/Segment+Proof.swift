import Training

extension Segment {
  package static var proof: Proof? {
    let overlap = Measure("mIoU", on: "test")
    let unseen = Measure("mIoU", on: "heldout")
    return Proof(
      "Supervised contrast (Khosla et al. 2020) between the class regions of all replicas' images is "
        + "said to make features of a class more alike, and so the masks better. It is this "
        + "recipe's own addition to cross-entropy and Dice, so there is no paper's table to compare "
        + "with.",
      [
        Experiment(
          "scenes",
          "Masks of `scenes` by a small U-Net that sees them at half size; with few pictures, where "
            + "a second loss has the most to give.",
          job: [
            "data": ["world": "scenes", "size": 400], "batch": 16, "replicas": 8, "epochs": 30,
            "options": [
              "encoder": "unet", "width": 16, "levels": 3, "imageHeight": 32, "imageWidth": 32,
              "scaleMin": 1, "scaleMax": 1, "hue": 0, "diceWeight": 2,
            ],
            "optimizer": ["name": "adamw", "learningRate": 4e-3, "weightDecay": 1e-3],
            "schedule": ["name": "cosine", "warmupSteps": 20],
          ],
          seeds: 5,
          arms: [
            Arm("contrast", "regions contrast, weight 0.02", ["options.contrastWeight": 0.02]),
            Arm("stronger", "regions contrast, weight 0.2", ["options.contrastWeight": 0.2]),
            Arm("plain", "cross-entropy and Dice alone", ["options.contrastWeight": 0]),
          ],
          measures: [overlap, unseen],
          claims: [
            Claim(
              "Contrast makes masks better", overlap.of("contrast") - overlap.of("plain") >= 0.01),
            Claim("and harms none", overlap.of("contrast") - overlap.of("plain") >= -0.01),
            Claim(
              "A weight of 0.2 makes masks better",
              overlap.of("stronger") - overlap.of("plain")
                >= 0.01),
          ],
          quick: [
            "data": ["world": "scenes", "size": 32, "validation": 8, "test": 8, "heldout": 8],
            "epochs": 2, "options.width": 4, "options.levels": 2,
          ])
      ])
  }
}
