import Collectives
import Data
import Layers
import Tensors
import Training

extension CoNe {
  /// Top-1 and top-5 accuracy of the classifier, and that of the `evaluationKnn` nearest neighbours in
  /// the training split by embeddings.
  package func evaluate(
    _ source: any SampleSource, _ context: PassContext
  ) throws -> [Score] {
    let depth = min(5, classes)
    var (hits, deepHits, count) = (0, 0, 0)
    var (embeddings, labels): ([Tensor], [Int]) = ([], [])
    for range in context.batches(source.count) {
      let samples = try range.map { try source.sample(at: $0) }
      let found = try seen(samples, context.pass)
      let own = try samples.map { try label(of: $0) }
      let best = found.logits.topK(depth).indices.elements
      for (row, label) in own.enumerated() {
        let ranks = best[row * depth..<(row + 1) * depth]
        hits += ranks.first == Int32(label) ? 1 : 0
        deepHits += ranks.contains(Int32(label)) ? 1 : 0
      }
      count += samples.count
      embeddings.append(found.embeddings)
      labels += own
    }
    var scores = [("top1", hits)]
    // With five classes or fewer every answer is among the first five.
    if classes > 5 { scores.append(("top5", deepHits)) }
    if options.evaluationKnn > 0 {
      let rows = concatenated(embeddings + [noEmbeddings])
      let found = try vote(context).classes(
        of: rows, excluding: source.split == "train" ? indices(source, context) : nil)
      scores.append(("knn", zip(found, labels).count { $0 == $1 }))
    }
    let sums = try context.exchange.sum([Double(count)] + scores.map { Double($0.1) })
    return zip(scores, sums.dropFirst()).map { Score($0.0, $1 / max(1, sums[0])) }
  }

  /// What the networks' embeddings and class scores of samples are in evaluation.
  func seen(
    _ samples: [Sample], _ pass: Forward
  ) throws -> (embeddings: Tensor, logits: Tensor) {
    try network(views.batch(try samples.map { try views.evaluation($0) }), pass)
  }

  private var noEmbeddings: Tensor { .zeros([0, network.dimension]) }

  private func indices(_ source: any SampleSource, _ context: PassContext) -> [Int] {
    context.batches(source.count).flatMap { Array($0) }
  }

  /// By the whole training split, as evaluation sees it.
  private func vote(_ context: PassContext) throws -> NeighborVote {
    let source = context.watched(try data.source("train"))
    let ranges = context.batches(source.count)
    source.expect(ranges.flatMap { Array($0) })
    var (embeddings, labels): ([Tensor], [Int32]) = ([noEmbeddings], [])
    for range in ranges {
      let samples = try range.map { try source.sample(at: $0) }
      embeddings.append(try seen(samples, context.pass).embeddings)
      labels += try samples.map { Int32(try label(of: $0)) }
    }
    let bank = try context.exchange.gatherValues(concatenated(embeddings)).rows
    let all = try context.exchange.gatherValues(IntTensor(labels)).rows.elements
    return NeighborVote(
      bank: bank, labels: all.map { Int($0) }, neighbors: options.evaluationKnn)
  }
}
