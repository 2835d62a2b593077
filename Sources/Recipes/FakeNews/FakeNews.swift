import Data
import Layers
import Losses
import Tensors
import Training

/// Ro-CT-BERT (Chen et al. 2021): posts about COVID-19 are told `real` from `fake` by a general and a
/// domain encoder whose vectors meet in one network; with added tokens, a softmax that is heated up
/// in the course of training, and adversarial training. See README.md.
package struct FakeNews: Recipe {
  package static let name = "fake-news"
  package static let summary =
    "real and fake posts by RoBERTa and CT-BERT with added tokens, heated-up softmax and adversarial "
    + "training (Ro-CT-BERT, Chen et al. 2021)"
  package static let defaults: JobDefaults = {
    var schedule = ScheduleSettings(.poly)
    schedule.power = 1
    schedule.warmup = .fraction(0.1)
    return JobDefaults(
      batch: 64, epochs: 30,
      optimizer: OptimizerSettings(.adamw, learningRate: 2e-5, clipNorm: 1), schedule: schedule)
  }()

  let options: FakeNewsOptions
  let heating: HeatingSchedule
  let cleaning: PostCleaning
  /// Of the encoders that `branches` names, in their order.
  let tokenizers: [PostTokenizer]
  let labelNames: [String]
  let model: FakeNewsModel
  package let parameters: [Parameter]

  /// Reads the training posts: their labels, and what vocabularies are learned from.
  package init(_ options: FakeNewsOptions, stage: Stage, data: RecipeData, in scope: inout Scope)
    throws
  {
    guard let heating = options.heating, let tokens = options.tokenList else {
      throw JobError("options", "alpha or tokens cannot be read")
    }
    self.options = options
    self.heating = heating
    cleaning = PostCleaning(tokens: tokens)
    let source = try data.source("train")
    labelNames = source.labelNames
    let texts = try Self.vocabularyTexts(source, cleaning)
    tokenizers = try Self.tokenizers(options, tokens, texts)
    model = FakeNewsModel(
      options, tokenizers: tokenizers, classes: labelNames.count, in: &scope)
    parameters = scope.parameters
  }

  package struct Batch: Sendable {
    /// One for each encoder.
    let tokens: [PostTokens]
    let labels: IntTensor  // [B]
  }

  package func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    let posts = try samples.map { try Self.text(of: $0.sample, cleaning, name: $0.sample.id) }
    let labels = try samples.map { Int32(try Self.label(of: $0.sample, name: $0.sample.id)) }
    return Batch(tokens: tokens(of: posts), labels: IntTensor(labels))
  }

  /// Cleaned posts as each encoder reads them.
  func tokens(of posts: [String]) -> [PostTokens] {
    tokenizers.map { PostTokens(posts, $0.tokenizer, length: options.length) }
  }

  package static func check(_ job: Job, options: FakeNewsOptions) throws(JobError) {
    guard options.heating != nil else {
      throw JobError(
        "options.alpha",
        "found \(options.alpha.debugDescription), expected numbers above 0 parted by commas, each "
          + "but the first with the part of the training where it begins, 16,4@0.7, or none")
    }
    guard options.tokenList != nil else {
      throw JobError(
        "options.tokens",
        "found \(options.tokens.debugDescription), expected different words of a to z, 0 to 9 and "
          + "hyphens, parted by commas")
    }
    guard job.onBadSample == .fail else {
      throw JobError(
        "onBadSample",
        "found \(job.onBadSample.rawValue); all posts are read when the model is built, and a bad one "
          + "ends it")
    }
    for encoder in options.encoders {
      guard encoder.width % encoder.heads == 0 else {
        throw JobError(
          "options.\(encoder.name)Heads", "\(encoder.heads) heads do not divide \(encoder.width)")
      }
      guard encoder.depth > 0 || options.pooling == .mean else {
        throw JobError(
          "options.\(encoder.name)Depth",
          "found 0 with pooling first: without blocks the first token knows nothing of the others")
      }
    }
  }

  /// A cleaned post.
  ///
  /// Throws: `DataError` naming the post if nothing is left.
  static func text(of sample: Sample, _ cleaning: PostCleaning, name: String) throws -> String {
    let words = try words(of: sample, cleaning, name: name)
    return words.map(\.word).joined(separator: " ")
  }

  private static func words(
    of sample: Sample, _ cleaning: PostCleaning, name: String
  ) throws -> [(word: String, isToken: Bool)] {
    guard let text = sample.text else {
      throw DataError(
        file: name, problem: "(\(sample.id)) has no text", advice: "fake-news needs one")
    }
    let words = cleaning.words(of: text)
    guard !words.isEmpty else {
      throw DataError(
        file: name,
        problem: "(\(sample.id)) has no words without links, signs and stop words: "
          + text.prefix(80).debugDescription,
        advice: "Remove the post")
    }
    return words
  }

  static func label(of sample: Sample, name: String) throws -> Int {
    guard let label = sample.label else {
      throw DataError(
        file: name, problem: "(\(sample.id)) has no label",
        advice: "fake-news is trained and scored on labelled posts; others it can predict")
    }
    return label
  }

  /// The training posts cleaned, without the tokens that are kept whole: learned vocabularies are
  /// those of a time before these words.
  ///
  /// Throws: `DataError` for a post without words or label, and for classes without posts.
  private static func vocabularyTexts(
    _ source: any SampleSource, _ cleaning: PostCleaning
  ) throws -> [String] {
    let names = source.labelNames
    guard (2...100).contains(names.count) else {
      throw DataError(
        file: "split \(source.split)", problem: "has \(names.count) classes of posts",
        advice: "fake-news tells 2 to 100 apart")
    }
    var counts = [Int](repeating: 0, count: names.count)
    let texts = try (0..<source.count).map { index in
      let (sample, name) = (try source.sample(at: index), source.name(at: index))
      let words = try words(of: sample, cleaning, name: name)
      counts[try label(of: sample, name: name)] += 1
      return words.filter { !$0.isToken }.map(\.word).joined(separator: " ")
    }
    if let absent = counts.firstIndex(of: 0) {
      throw DataError(
        file: "split \(source.split)", problem: "has no post that is \(names[absent])",
        advice: "Give posts of every class to learn from")
    }
    return texts
  }

  private static func tokenizers(
    _ options: FakeNewsOptions, _ tokens: [String], _ texts: [String]
  ) throws -> [PostTokenizer] {
    var result: [PostTokenizer] = []
    if options.branches.hasRoberta {
      let base =
        options.robertaTokenizer.isEmpty
        ? Tokenizer.learnedRoberta(from: texts, mergesMax: options.robertaMerges)
        : try Tokenizer.read(path: options.robertaTokenizer)
      result.append(PostTokenizer(base))
    }
    if options.branches.hasCTBERT {
      let base =
        options.ctbertTokenizer.isEmpty
        ? Tokenizer.learnedBERT(from: texts, countMax: options.ctbertVocabulary)
        : try Tokenizer.read(path: options.ctbertTokenizer)
      result.append(
        PostTokenizer(
          base, adding: options.expansion ? tokens : [], start: options.expansionStart))
    }
    for (encoder, tokenizer) in zip(options.encoders, result) {
      let frame = tokenizer.base.frame
      guard frame.start.count == 1, frame.end.count == 1 else {
        throw JobError(
          "options.\(encoder.name)Tokenizer",
          "puts no mark before and after a text; give a tokenizer of RoBERTa or BERT")
      }
      // RoBERTa counts places from the padding's number on.
      let before = encoder.name == options.roberta.name ? Int(frame.padding) + 1 : 0
      guard options.length + before <= encoder.positions else {
        throw JobError(
          "options.length",
          "posts of \(options.length) tokens need \(options.length + before) positions, and "
            + "\(encoder.name)Positions is \(encoder.positions)")
      }
    }
    return result
  }
}
