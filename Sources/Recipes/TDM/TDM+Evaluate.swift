import Data
import Layers
import Tensors
import Training

extension TDM {
  /// Mean accuracy over the trials with its 95 % interval, for each number of shots; how SAM's weights
  /// rank channels against how well these tell the split's classes apart.
  ///
  /// An image's features do not depend on its episode, since batch norm runs on its running
  /// statistics: every image is embedded once.
  package func evaluate(
    _ source: any SampleSource, _ context: PassContext
  ) throws -> [Score] {
    let classes = try EpisodeClasses(of: source)
    for shape in options.testShapes { try classes.check(shape, of: source) }
    let own = try context.batches(source.count).map { range in
      try maps(of: range.map { try source.sample(at: $0) }, context.pass)
    }
    let none = Tensor.zeros([0, TDMModel.mapSide * TDMModel.mapSide, model.channels])
    let all = try context.exchange.gatherValues(own.isEmpty ? none : concatenated(own)).rows

    var (scores, correlations): ([Score], [Score]) = ([], [])
    for shape in options.testShapes {
      let tally = try tally(classes, shape, all, context)
      scores += [
        Score("accuracy/\(shape.shot)-shot", tally.accuracy),
        Score("interval95/\(shape.shot)-shot", tally.interval),
      ]
      guard let weights = tally.meanSupportWeights else { continue }
      let ratios = fisherRatios(of: all, classes: classes)
      correlations.append(
        Score(
          "fisherCorrelation/\(shape.shot)-shot", rankCorrelation(weights, ratios),
          isFraction: false))
    }
    return scores + correlations
  }

  /// Features of samples as evaluation sees them: [n, r, d].
  func maps(of samples: [Sample], _ pass: Forward) throws -> Tensor {
    try model.maps(views.batch(try samples.map { try views.evaluation($0) }), pass)
  }

  /// The key of everything that evaluation draws; of no training, so that models can be compared.
  var trialKey: RandomKey { RandomKey(seed: UInt64(options.trialSeed)) }

  /// This replica's trials, added up over all.
  private func tally(
    _ classes: EpisodeClasses, _ shape: EpisodeShape, _ maps: Tensor, _ context: PassContext
  ) throws -> EpisodeTally {
    let episodes = TrialEpisodes(classes, shape: shape, key: trialKey)
    var tally = EpisodeTally(queries: shape.queryCount, channels: model.channels)
    for trial in context.batches(options.trials).joined() {
      let episode = episodes[trial]
      let supports = maps.gatherRows(IntTensor(episode.supports.map { Int32($0) }))
        .reshaped([shape.way, shape.shot] + maps.shape.dropFirst())
      let queries = maps.gatherRows(IntTensor(episode.queries.map { Int32($0) }))
      let found = try model.distances(supports: supports, queries: queries, context.pass)
        .distances.argMin().elements
      let hits = found.enumerated().count { Int($1) == shape.classOfQuery($0) }
      let weights = try model.attention?.supportWeights(prototypes(of: supports), context.pass)
      tally.add(hits: hits, supportWeights: weights)
    }
    return try tally.summed(over: context.exchange)
  }
}
