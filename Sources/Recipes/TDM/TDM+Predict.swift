import Data
import Layers
import Tensors
import Training

extension TDM {
  /// The class of each asked sample among all classes of its split, each learned from the first
  /// `testShot` images of an order of its own, without the sample itself.
  package func predict(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Prediction] {
    let gallery = try SupportGallery(
      self, source, labels: Array(source.labelNames.indices), context.pass)
    return try context.indices.map { index in
      let sample = try source.sample(at: index)
      let found = try gallery.classify(index, sample, context.pass)
      let shares = softmax(model.logits(found.distances)).elements
      let order = shares.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }
      var fields = order.prefix(3).enumerated().map { rank, place in
        (
          name: "class \(rank + 1)",
          value: "\(source.labelNames[gallery.labels[place]]) (\(percent(Double(shares[place]))))"
        )
      }
      if let truth = sample.label { fields.append(("truth", source.labelNames[truth])) }
      return Prediction(sample: sample.id, fields: fields)
    }
  }

  /// Queries with where their features respond, weighted for the class they are taken for, and one
  /// support of each class of an episode.
  package func contactSheet(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> ByteTensor {
    let rows = try context.indices.map { index in
      let sample = try source.sample(at: index)
      let labels = episodeLabels(of: source, around: try truth(of: sample, index, source), index)
      let gallery = try SupportGallery(self, source, labels: labels, context.pass)
      let found = try gallery.classify(index, sample, context.pass)
      let best = Int(found.distances.argMin().elements[0])
      return EpisodeSheet.Row(
        query: try views.evaluation(sample),
        activation: activation(found.query, weights: found.weights, of: best),
        supports: try gallery.pictures(without: index).enumerated().map { place, picture in
          EpisodeSheet.Support(
            picture: picture, isTruth: labels[place] == sample.label, isPredicted: place == best)
        })
    }
    let shot = options.testShapes[0].shot
    return EpisodeSheet(
      rows: rows, title: "\(source.split): query, weighted response, classes of \(shot) shot"
    ).picture()
  }

  /// Σ_c w_c G_c at each place of the query's map: [5, 5].
  private func activation(_ query: Tensor, weights: Tensor?, of label: Int) -> Tensor {
    let map = query[0]  // [r, d]
    let weighted = weights.map { map * $0[0].rows(label..<label + 1) } ?? map
    return weighted.sum(axes: [1]).reshaped([TDMModel.mapSide, TDMModel.mapSide])
  }

  /// The sample's own class and others, in an order of chance.
  private func episodeLabels(
    of source: any SampleSource, around truth: Int, _ index: Int
  ) -> [Int] {
    let key = trialKey.derived("sheet").derived(index)
    let others = source.labelNames.indices.filter { $0 != truth }
    let order = KeyedPermutation(count: others.count, key: key)
    let chosen = (0..<min(options.testWay - 1, others.count)).map { others[order[$0]] }
    let place = key.derived("place").integer(0, below: chosen.count + 1)
    return Array(chosen[..<place]) + [truth] + chosen[place...]
  }

  private func truth(of sample: Sample, _ index: Int, _ source: any SampleSource) throws -> Int {
    guard let label = sample.label else {
      throw DataError(
        file: source.name(at: index), problem: "has no label", advice: "tdm needs one")
    }
    return label
  }
}
