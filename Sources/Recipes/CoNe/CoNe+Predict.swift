import Data
import Layers
import Tensors
import Training

extension CoNe {
  /// The three most likely classes of each asked sample.
  package func predict(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Prediction] {
    try context.indices.map { index in
      let sample = try source.sample(at: index)
      let shares = softmax(try seen([sample], context.pass).logits).elements
      let order = shares.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }
      var fields = order.prefix(3).enumerated().map { rank, place in
        (name: "class \(rank + 1)", value: "\(name(of: place, source)) (\(percent(shares[place])))")
      }
      if let truth = sample.label { fields.append(("truth", name(of: truth, source))) }
      return Prediction(sample: sample.id, fields: fields)
    }
  }

  /// Samples with what they are taken for, and the training pictures whose embeddings are nearest.
  package func contactSheet(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> ByteTensor {
    let train = try data.source("train")
    let gallery = (0..<min(train.count, Self.galleryMax)).map {
      $0 * train.count / min(train.count, Self.galleryMax)
    }
    var (embeddings, labels): ([Tensor], [Int]) = ([], [])
    for first in stride(from: 0, to: gallery.count, by: Self.galleryBatch) {
      let samples = try gallery[first..<min(first + Self.galleryBatch, gallery.count)].map {
        try train.sample(at: $0)
      }
      embeddings.append(try seen(samples, context.pass).embeddings)
      labels += try samples.map { try label(of: $0) }
    }
    let vote = NeighborVote(
      bank: concatenated(embeddings), labels: labels, neighbors: Self.neighborsShown)
    let isTrain = source.split == train.split
    let rows = try context.indices.map { index in
      let sample = try source.sample(at: index)
      let truth = try label(of: sample)
      let found = try seen([sample], context.pass)
      let predicted = Int(found.logits.argMax().elements[0])
      let own = isTrain ? [gallery.firstIndex(of: index) ?? -1] : nil
      return NeighborSheet.Row(
        query: try views.evaluation(sample),
        caption: predicted == truth
          ? name(of: truth, source)
          : "\(name(of: predicted, source)) for \(name(of: truth, source))",
        isRight: predicted == truth,
        neighbors: try vote.nearest(to: found.embeddings, excluding: own)[0].map { place in
          NeighborSheet.Neighbor(
            picture: try views.evaluation(try train.sample(at: gallery[place])),
            isSameClass: labels[place] == truth)
        })
    }
    return NeighborSheet(
      rows: rows, title: "\(source.split): predicted class, nearest training pictures"
    ).picture()
  }

  private static let galleryMax = 1000
  private static let galleryBatch = 16
  private static let neighborsShown = 5

  /// A class by its name; what only a model from elsewhere knows, by its number.
  private func name(of label: Int, _ source: any SampleSource) -> String {
    source.labelNames.indices.contains(label) ? source.labelNames[label] : "\(label)"
  }

  private func percent(_ share: Float) -> String {
    // Weights from elsewhere may give anything.
    guard share.isFinite else { return "\(share)" }
    let tenths = Int(1000 * share + 0.5)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
