import Recipes
import Testing
import Training
import Worlds

/// A job of each recipe that trains in about a second, with everything on that could depend on who
/// computes what: batch norm, dropout, augmentation, a batch that does not divide the data.
struct SmallJob: Sendable, CustomTestStringConvertible {
  let recipe: String
  /// Splits that are scored after the last step, in order.
  let scored: [String]
  var value: JobValue

  var testDescription: String { recipe }

  static let all = [segment, clip, tdm, dtc, cone, fakeNews, heatedSoftmax]

  static let segment = SmallJob(
    recipe: "segment",
    options: [
      "width": .integer(4), "levels": .integer(2), "embedding": .integer(8),
      "dropout": .number(0.2), "contrastWeight": .number(0.5),
    ])

  static let clip = SmallJob(
    recipe: "clip",
    options: [
      "width": .integer(16), "depth": .integer(1), "heads": .integer(2),
      "textWidth": .integer(16), "textDepth": .integer(1), "textHeads": .integer(2),
      "embedding": .integer(8), "dropout": .number(0.2), "vocabularySamples": .integer(8),
      "cropMin": .number(0.5),
    ])

  /// Episodes of 3 × (1 + 2) images: replicas have supports, queries, or both.
  static let tdm = SmallJob(
    recipe: "tdm",
    data: [
      "world": .text("birds"), "classes": .integer(12), "images": .integer(6),
      "imageSize": .integer(21),
    ], scored: ["val", "test"],
    options: [
      "imageSize": .integer(21), "pools": .integer(2), "width": .integer(8),
      "trainWay": .integer(3), "trainShot": .integer(1), "trainQueryShot": .integer(2),
      "testWay": .integer(3), "testShot": .text("1,2"), "testQueryShot": .integer(2),
      "trials": .integer(7), "dropout": .number(0.2),
    ])

  /// Volumes narrower than the patch along one axis; replicas have labelled patches, others, or both.
  static let dtc = SmallJob(
    recipe: "dtc",
    data: [
      "world": .text("atria"), "train": .integer(13), "test": .integer(4), "side": .integer(24),
      "depth": .integer(18), "seed": .integer(2),
    ], scored: ["test"],
    options: [
      "filters": .integer(2), "patchX": .integer(32), "patchY": .integer(16),
      "patchZ": .integer(16), "strideXY": .integer(16), "strideZ": .integer(4),
      "labelled": .integer(9), "labelledSlots": .integer(4), "rampInterval": .integer(1),
      "rampLength": .integer(2), "steepness": .number(30), "dropout": .number(0.2),
    ])

  /// Epochs of two steps that leave two samples out; the second one has a full queue.
  static let cone = SmallJob(
    recipe: "cone",
    data: [
      "world": .text("emblems"), "classes": .integer(5), "modes": .integer(2), "train": .integer(2),
      "val": .integer(1), "test": .integer(1),
    ], scored: ["val", "test"],
    options: [
      "backbone": .text("resnet10"), "width": .integer(4), "hidden": .integer(16),
      "dim": .integer(8), "queue": .integer(18), "knn": .integer(5), "ema0": .number(0.5),
      "trainSize": .integer(32), "valSize": .integer(36), "evaluationKnn": .integer(3),
      "labelSmooth": .number(0.1),
    ])

  static let fakeNews = SmallJob(
    recipe: "fake-news",
    data: [
      "world": .text("hashtags"), "train": .integer(19), "val": .integer(5), "test": .integer(5),
    ], scored: ["val", "test"],
    options: [
      "tokens": .text(Hashtags.compounds.joined(separator: ",")), "length": .integer(20),
      "dropout": .number(0.2), "attentionDropout": .number(0.2), "fusionWidth": .integer(6),
      "robertaMerges": .integer(30), "robertaWidth": .integer(8), "robertaDepth": .integer(1),
      "robertaHeads": .integer(2), "robertaHidden": .integer(12), "robertaPositions": .integer(22),
      "ctbertVocabulary": .integer(80), "ctbertWidth": .integer(12), "ctbertDepth": .integer(2),
      "ctbertHeads": .integer(3), "ctbertHidden": .integer(16), "ctbertPositions": .integer(20),
    ])

  static let heatedSoftmax = SmallJob(
    recipe: "heated-softmax",
    data: [
      "world": .text("nuisance-features"), "classes": .integer(3), "samples": .integer(7),
    ], scored: ["test"],
    options: ["hidden": .integer(6), "embedding": .integer(4)])

  private static let scenes: [String: JobValue] = [
    "world": .text("scenes"), "size": .integer(19), "validation": .integer(5),
    "test": .integer(5), "heldout": .integer(3), "imageSize": .integer(32),
  ]

  private init(
    recipe: String, data: [String: JobValue] = scenes,
    scored: [String] = ["val", "test", "heldout"], options: [String: JobValue]
  ) {
    self.recipe = recipe
    self.scored = scored
    value = .map([
      "recipe": .text(recipe), "data": .map(data),
      "batch": .integer(9), "replicas": .integer(8), "epochs": .integer(2), "seed": .integer(3),
      "evaluationBatch": .integer(2), "options": .map(options),
      "schedule": .map(["name": .text("cosine"), "warmupSteps": .integer(1)]),
    ])
  }

  /// The same job with one key changed: "optimizer.name".
  func with(_ path: String, _ new: JobValue) -> SmallJob {
    var other = self
    other.value.set(path.split(separator: ".").map { String($0) }, to: new)
    return other
  }

  /// The same job with neither dropout nor normalisation over the batch.
  var withoutBatchEffects: SmallJob {
    let plain = ["options.dropout", "options.attentionDropout"]
      .filter { value[path: $0] != nil }.reduce(self) { $0.with($1, .number(0)) }
    return recipe == "segment" ? plain.with("options.normalization", .text("instance")) : plain
  }

  func job() throws -> Job { try Job(value, catalog: houseCatalog) }
}
