import Training

extension MixUp {
  static var proof: Proof? {
    let accuracy = Measure("accuracy", on: "test")
    return Proof(
      "Training on weighted sums of pictures and of their labels makes a classifier generalise better.",
      [
        Experiment(
          "scenes", "Colour and shape of the main object of a scene, from few pictures.",
          job: [
            "data": ["world": "scenes", "size": 600, "imageSize": 32, "objects": 2],
            "batch": 32, "epochs": 40, "options": ["width": 12],
          ],
          arms: [
            Arm(
              "mixed", "mixup", ["options.mixes": true],
              paper: [PaperFigure("CIFAR-10 error, PreAct ResNet-18", "4.2 %")]),
            Arm(
              "plain", "empirical risk minimisation", ["options.mixes": false],
              paper: [PaperFigure("CIFAR-10 error, PreAct ResNet-18", "5.6 %")]),
          ],
          measures: [accuracy],
          claims: [
            Claim(
              "Mixing raises accuracy", accuracy.of("mixed") - accuracy.of("plain") >= 0.01,
              paper: "+1.4 points on CIFAR-10")
          ],
          quick: ["epochs": 1, "data.size": 64, "data.test": 16, "data.validation": 16])
      ])
  }
}
