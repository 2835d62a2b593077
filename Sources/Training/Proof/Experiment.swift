/// One job trained in several ways on the same seeds, and what is claimed of the scores.
public struct Experiment: Sendable {
  /// For folders and the command line: a word.
  public let name: String
  /// What is trained on what, in a sentence or two.
  public let about: String
  /// What all arms share: a job without seed and output. The recipe is the proof's unless it names
  /// another.
  public let job: JobValue
  /// For real data: what the folder must hold that `martlet prove --data NAME=DIR` names, and where it
  /// comes from. The job's `data:` then has no path of its own.
  public let folder: String?
  /// How many seeds, 1 and up; every arm is trained with each of them.
  public let seeds: Int
  public let preparations: [Preparation]
  public let arms: [Arm]
  /// The scores that are shown, in the order of the table's columns.
  public let measures: [Measure]
  public let claims: [Claim]
  /// What makes the experiment short enough for a test, by dotted key. It shows that everything
  /// runs, and nothing of the claim.
  public let quick: [String: JobValue]

  /// Precondition: at least one arm, measure, claim and seed; no name twice; claims name arms or
  /// preparations of this experiment.
  public init(
    _ name: String, _ about: String = "", job: JobValue, folder: String? = nil, seeds: Int = 3,
    preparations: [Preparation] = [], arms: [Arm], measures: [Measure], claims: [Claim],
    quick: [String: JobValue]
  ) {
    precondition(seeds >= 1, "Experiment \(name): \(seeds) seeds")
    precondition(
      !arms.isEmpty && !measures.isEmpty && !claims.isEmpty,
      "Experiment \(name): an experiment has arms, measures and claims")
    let trained = preparations.map(\.name) + arms.map(\.name)
    requireDistinct(trained, of: "Experiment \(name)", kind: "arms or preparations")
    requireDistinct(preparations.map(\.key), of: "Experiment \(name)", kind: "preparations' keys")
    for term in claims.flatMap(\.statement.quantity.terms) {
      precondition(trained.contains(term.arm), "Experiment \(name): no arm is named \(term.arm)")
    }
    self.name = name
    self.about = about
    self.job = job
    self.folder = folder
    self.seeds = seeds
    self.preparations = preparations
    self.arms = arms
    self.measures = measures
    self.claims = claims
    self.quick = quick
  }
}

/// One way to train: the method, an ablation, a baseline.
public struct Arm: Sendable {
  /// For folders, tables and the command line: a word.
  public let name: String
  /// What it is in the paper.
  public let about: String
  /// What it changes in the experiment's job, by dotted key: "options.negatives".
  public let changes: [String: JobValue]
  /// The paper's own scores, on its data and at its size.
  public let paper: [PaperFigure]

  public init(
    _ name: String, _ about: String, _ changes: [String: JobValue] = [:], paper: [PaperFigure] = []
  ) {
    self.name = name
    self.about = about
    self.changes = changes
    self.paper = paper
  }
}

/// A number that a paper gives for an arm.
public struct PaperFigure: Sendable {
  /// The score and the data it was measured on: "CUB, 5-way 1-shot, Table 2".
  public let what: String
  /// As printed: "62.90 %".
  public let value: String

  public init(_ what: String, _ value: String) {
    self.what = what
    self.value = value
  }
}

/// A training that arms begin from: it stands for weights that the paper took from elsewhere.
public struct Preparation: Sendable {
  public let name: String
  public let about: String
  /// The whole job but its seed and output.
  public let job: JobValue
  /// The key of the arms' job that its `model.safetensors` is given to; an arm that must not have it
  /// sets the key to `.null`.
  public let key: String
  /// Whether one training, with seed 1, serves all seeds of the experiment.
  public let isShared: Bool
  /// What makes it short in a quick run, by dotted key.
  public let quick: [String: JobValue]

  public init(
    _ name: String, _ about: String, job: JobValue, givenTo key: String = "init",
    isShared: Bool = false, quick: [String: JobValue]
  ) {
    self.name = name
    self.about = about
    self.job = job
    self.key = key
    self.isShared = isShared
    self.quick = quick
  }
}
