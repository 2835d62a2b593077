import Training
import Worlds

extension FakeNews {
  package static var proof: Proof? {
    Proof(
      """
      The paper adds four devices to the fine-tuning of a language model that tells real posts about \
      COVID-19 from fake ones, and gains 0.6 points of F1 with them: 13 of 2140 posts. Models that \
      begin at random are not those models. Shown is what each device does: adversarial training on \
      the real posts, the others on data where what they are for decides.
      """,
      [covidProof, tinyProof, expansionProof, fusionProof, HeatedEmbedding.heatingProof])
  }

  private static let f1 = Measure("weightedF1", on: "test")
  private static let attacked = Measure("attacked/weightedF1", on: "test")
  private static let tokens = Measure("tokens/ctbert", on: "test", isFraction: false)

  /// A bag of word pieces under one hidden layer.
  private static let bag: [String: JobValue] = [
    "branches": "single:ctbert", "fgm": "none", "alpha": "1", "pooling": "mean", "length": 128,
    "ctbertWidth": 64, "ctbertDepth": 0, "ctbertHeads": 1,
  ]

  private static func job(
    _ data: JobValue, epochs: Int, rate: Double = 1e-3, _ options: [String: JobValue]
  ) -> JobValue {
    [
      "data": data, "batch": 64, "replicas": 4, "epochs": .integer(epochs), "evaluationBatch": 128,
      "optimizer": ["name": "adamw", "learningRate": .number(rate)], "options": .map(options),
    ]
  }

  private static let folder = """
    the tables Constraint_Train.csv, Constraint_Val.csv and english_test_with_labels.csv of \
    CONSTRAINT-2021 (github.com/diptamath/covid_fake_news, folder data)
    """

  private static var covidProof: Experiment {
    Experiment(
      "covid",
      "The real posts. A bag of word pieces, 64 wide, with one hidden layer, 15 epochs; the attack "
        + "moves a post's words by 1 along their gradient.",
      job: job(
        ["format": "constraint"], epochs: 15,
        bag.merging(["ctbertVocabulary": 6000]) { $1 }),
      folder: folder,
      arms: [
        Arm(
          "plain", "cross entropy alone",
          paper: [PaperFigure("CT-BERT, weighted F1, Table 2", "98.41 %")]),
        Arm(
          "fgm", "adversarial training, ε = 1", ["options.fgm": "sample"],
          paper: [PaperFigure("CT-BERT with FGM", "98.64 %")]),
        Arm(
          "heated", "α 4, 1, 0.5", ["options.alpha": "4,1,0.5"],
          paper: [PaperFigure("CT-BERT with heated-up softmax", "98.69 %")]),
        Arm(
          "both", "adversarial training and α 4, 1, 0.5",
          ["options.fgm": "sample", "options.alpha": "4,1,0.5"]),
        Arm(
          "unexpanded", "cross entropy alone, no added tokens", ["options.expansion": false],
          paper: [PaperFigure("CT-BERT without new tokens", "98.41 %")]),
        Arm("fgm-half", "ε = 0.5", ["options.fgm": "sample", "options.epsilon": 0.5]),
        Arm("fgm-two", "ε = 2", ["options.fgm": "sample", "options.epsilon": 2]),
        Arm("fgm-table", "the table's perturbation, ε = 1", ["options.fgm": "table"]),
      ],
      measures: [f1, attacked, tokens],
      claims: [
        Claim(
          "Adversarial training raises F1 under attack by 40 points or more",
          attacked.of("fgm") - attacked.of("plain") >= 0.4),
        Claim(
          "… and lowers clean F1 by at most half a point",
          f1.of("fgm") - f1.of("plain") >= -0.005, paper: "+0.23 points"),
        Claim(
          "… nor raises it by more", f1.of("fgm") - f1.of("plain") <= 0.005, paper: "+0.23 points"),
        Claim("Clean F1 with adversarial training is 93 % or more", f1.of("fgm") >= 0.93),
        Claim(
          "Added tokens make posts shorter", tokens.of("plain") - tokens.of("unexpanded") <= 0),
      ],
      quick: ["steps": 3, "epochs": .null, "options.ctbertVocabulary": 200])
  }

  private static var tinyProof: Experiment {
    Experiment(
      "covid-tiny",
      "The real posts. Two small transformers of random weights, 2 blocks on word pieces and 1 on "
        + "byte pairs, 12 epochs (Examples/jobs/fake-news.yaml).",
      job: job(["format": "constraint"], epochs: 12, rate: 5e-4, tiny), folder: folder,
      arms: [
        Arm(
          "fusion", "both encoders and all devices",
          paper: [PaperFigure("Ro-CT-BERT, weighted F1, Table 1", "99.02 %")]),
        Arm(
          "ctbert", "word pieces alone", ["options.branches": "single:ctbert"],
          paper: [PaperFigure("CT-BERT", "98.41 %")]),
        Arm(
          "roberta", "byte pairs alone", ["options.branches": "single:roberta"],
          paper: [PaperFigure("RoBERTa-large", "98.60 %")]),
      ],
      measures: [f1, attacked],
      claims: [
        Claim(
          "Both encoders together reach a linear model on TF-IDF, 93.3 %", f1.of("fusion") >= 0.933,
          paper: "93.32 % (published SVM)"),
        Claim(
          "Fusion does not lose against word pieces alone",
          f1.of("fusion") - f1.of("ctbert") >= -0.005, paper: "+0.61 points"),
      ],
      quick: [
        "steps": 2, "epochs": .null, "options.ctbertVocabulary": 200, "options.robertaMerges": 100,
      ])
  }

  /// The preset of small transformers.
  private static let tiny: [String: JobValue] = [
    "length": 64, "fusionWidth": 128, "pooling": "mean",
    "robertaMerges": 2000, "robertaWidth": 64, "robertaDepth": 1, "robertaHeads": 4,
    "robertaHidden": 128, "robertaPositions": 66,
    "ctbertVocabulary": 6000, "ctbertWidth": 128, "ctbertDepth": 2, "ctbertHeads": 4,
    "ctbertHidden": 256, "ctbertPositions": 64,
  ]

  private static var expansionProof: Experiment {
    let accuracy = Measure("accuracy", on: "test")
    return Experiment(
      "expansion",
      "Posts whose label is in the order of a hashtag's pieces; a vocabulary of single letters, and "
        + "a bag of them.",
      job: job(
        ["world": "hashtags"], epochs: 20, rate: 3e-3,
        bag.merging([
          "tokens": .text(Hashtags.compounds.joined(separator: ",")), "ctbertVocabulary": 0,
        ]) { $1 }),
      arms: [
        Arm("cut", "hashtags are cut into letters", ["options.expansion": false]),
        Arm("added", "hashtags are tokens, their rows at random"),
        Arm(
          "pieces", "hashtags are tokens, their rows the mean of the letters'",
          ["options.expansionStart": "pieces"]),
      ],
      measures: [accuracy, tokens],
      claims: [
        Claim("Cut hashtags tell little more than chance", accuracy.of("cut") <= 0.6),
        Claim(
          "Added tokens tell the label", accuracy.of("added") >= 0.95, paper: "+0.05 points of F1"),
        Claim(
          "… whatever their rows begin with",
          accuracy.of("pieces") - accuracy.of("cut") >= 0.35),
      ],
      quick: [
        "steps": 3, "epochs": .null, "data.train": 24, "data.val": 8, "data.test": 8, "batch": 8,
      ])
  }

  private static var fusionProof: Experiment {
    let accuracy = Measure("accuracy", on: "test")
    return Experiment(
      "fusion",
      "Posts of which half show their label in a word, half in a pattern of letters: a bag of words "
        + "and a bag of bytes.",
      job: job(
        ["world": "two-cues"], epochs: 20, rate: 3e-3,
        bag.merging([
          "branches": "fusion", "length": 192, "fusionWidth": 64, "expansion": false, "tokens": "",
          "ctbertVocabulary": 600, "ctbertPositions": 192,
          "robertaWidth": 64, "robertaDepth": 0, "robertaHeads": 1, "robertaMerges": 0,
          "robertaPositions": 194,
        ]) { $1 }),
      arms: [
        Arm("fusion", "one network on both vectors", paper: [PaperFigure("F1", "99.02 %")]),
        Arm("score", "the mean of two classifiers", ["options.branches": "score"]),
        Arm(
          "words", "the bag of words alone", ["options.branches": "single:ctbert"],
          paper: [PaperFigure("CT-BERT with all devices, F1", "98.78 %")]),
        Arm("bytes", "the bag of bytes alone", ["options.branches": "single:roberta"]),
      ],
      measures: [f1, accuracy],
      claims: [
        Claim(
          "Fusion beats the words alone by 5 points or more",
          f1.of("fusion") - f1.of("words") >= 0.05, paper: "+0.23 points"),
        Claim(
          "… and the bytes alone by as much", f1.of("fusion") - f1.of("bytes") >= 0.05),
      ],
      quick: [
        "steps": 3, "epochs": .null, "data.train": 24, "data.val": 8, "data.test": 8, "batch": 8,
      ])
  }
}
