import Training

extension CoNe {
  package static var proof: Proof? {
    Proof(
      """
      Pulling all samples of a class to one centre forgets that a class may have several modes. CoNe \
      contrasts a sample with its nearest neighbours only and wants its prediction to be theirs; the \
      paper's ResNet-50 comes to 78.7 % on ImageNet in 100 epochs. Shown on small emblems whose classes \
      are unions of four modes that look unlike, and on real pictures: the same seeds, initial weights \
      and batches for all arms.
      """,
      [emblemsProof, cifarProof])
  }

  private static let top1 = Measure("top1", on: "test")
  private static let knn = Measure("knn", on: "test")

  private static let crossEntropy: [String: JobValue] = ["options.aSup": 0, "options.aDc": 0]

  private static let arms = [
    Arm("cross-entropy", "the classes' centres alone", crossEntropy),
    Arm("contrast", "with neighbour contrast alone", ["options.aDc": 0]),
    Arm("consistency", "with distributional consistency alone", ["options.aSup": 0]),
    Arm(
      "cone", "both",
      paper: [PaperFigure("ImageNet top-1, ResNet-50, 100 epochs (README)", "78.7 %")]),
  ]

  private static let claims = [
    Claim(
      "CoNe is half a point or more above cross-entropy",
      top1.of("cone") - top1.of("cross-entropy") >= 0.005),
    Claim(
      "CoNe is not half a point worse than contrast alone",
      top1.of("cone") - top1.of("contrast") >= -0.005),
    Claim(
      "CoNe is not half a point worse than consistency alone",
      top1.of("cone") - top1.of("consistency") >= -0.005),
    Claim(
      "Its embeddings have better neighbours",
      knn.of("cone") - knn.of("cross-entropy") >= 0),
  ]

  private static var emblemsProof: Experiment {
    // As many pictures in as many classes, of one mode each.
    let oneMode: [String: JobValue] = [
      "data.modes": 1, "data.train": 80, "data.val": 40, "data.test": 240,
    ]
    return Experiment(
      "emblems",
      "A small residual network on 400 training pictures, 20 of each mode; the queue is an epoch long.",
      job: [
        "data": ["world": "emblems", "classes": 5, "train": 20, "noise": 20], "batch": 50,
        "replicas": 2, "epochs": 60,
        "evaluationBatch": 50,
        "optimizer": ["name": "sgd", "learningRate": 0.1],
        "options": [
          "backbone": "resnet10", "width": 16, "hidden": 128, "dim": 32, "queue": 400, "knn": 32,
          "ema0": 0.99, "trainSize": 32, "valSize": 32, "cropMin": 0.5,
        ],
      ],
      seeds: 5,
      arms: arms + [
        Arm("whole-queue", "contrasted with all of the queue, k = K", ["options.knn": 0]),
        Arm("no-head", "without the projection head", ["options.layers": 0]),
        Arm(
          "one-mode", "both, k = K, on classes of one mode",
          oneMode.merging(["options.knn": 0]) { $1 }),
        Arm(
          "one-mode-ce", "cross-entropy on classes of one mode",
          oneMode.merging(crossEntropy) { $1 }),
      ],
      measures: [top1, knn],
      claims: [
        Claim(
          "Cross-entropy is good enough to compare with", top1.of("cross-entropy") >= 0.8,
          isGate: true),
        Claim(
          "… and leaves something to gain", top1.of("cross-entropy") <= 0.92, isGate: true),
      ] + claims + [
        Claim(
          "Nearest neighbours are not worse than the whole queue",
          top1.of("cone") - top1.of("whole-queue") >= -0.005),
        Claim(
          "The projection head does not harm", top1.of("cone") - top1.of("no-head") >= -0.005),
        Claim(
          "Classes of one mode gain less",
          top1.of("cone") - top1.of("cross-entropy") - top1.of("one-mode")
            + top1.of("one-mode-ce") >= 0),
      ],
      quick: [
        "epochs": 2, "batch": 24, "data.classes": 6, "data.train": 8, "data.val": 1,
        "data.test": 1, "options.queue": 48, "options.width": 4, "options.hidden": 16,
        "options.dim": 8,
      ])
  }

  private static var cifarProof: Experiment {
    Experiment(
      "cifar", "The same network on 2000 labelled pictures of CIFAR-10.",
      job: [
        "data": ["format": "imagenet"], "batch": 100, "replicas": 2, "epochs": 60,
        "evaluationBatch": 50,
        "optimizer": ["name": "sgd", "learningRate": 0.1],
        "options": [
          "backbone": "resnet10", "width": 16, "hidden": 128, "dim": 32, "queue": 2000, "knn": 64,
          "ema0": 0.99, "trainSize": 32, "valSize": 32, "cropMin": 0.5,
        ],
      ],
      folder:
        "CIFAR-10's pictures as files: `meta/train.txt` lists 200 of each class below `train/`, "
        + "`meta/test.txt` all below `test/` (docs/data/imagenet.md)",
      seeds: 5, arms: arms, measures: [top1, knn], claims: claims,
      quick: ["epochs": 2, "options.width": 4])
  }
}
