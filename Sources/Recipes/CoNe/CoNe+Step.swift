import Collectives
import Losses
import Tensors
import Training

extension CoNe {
  /// The key encoder follows, both see the batch, the losses meet the queue of earlier steps, and only
  /// then the batch joins it.
  package func step(_ batch: Batch, _ context: StepContext) throws {
    let keys = try keys(batch.images, context)
    let (embeddings, logits) = try network(batch.images, context.pass)
    // Equal on all replicas.
    let isActive = options.usesQueue && context.epoch >= options.startEpoch && queue.isFull

    // A guard of half precision; the code has it where the method is on.
    let counted =
      isActive && options.guard == .code
      ? greater(softmax(logits.detached).min(axis: 1), 1e-8) : nil
    let center = try ClassCenter(smoothing: options.labelSmooth)(
      logits: logits, labels: batch.labels, counted: counted, over: context.exchange)
    var (loss, parts) = (center, [("classCenter", center)])
    var shares: [Float] = []
    if isActive, options.aSup > 0 {
      let contrast = NeighborContrast(neighbors: options.neighbors, temperature: options.tSup)
      let logShares = try contrast.logShares(
        query: embeddings, labels: batch.labels, queue: queue.keys, queueLabels: queue.classes)
      let part = try contrast.loss(ofLogShares: logShares, over: context.exchange)
      loss = loss + options.aSup * part
      parts.append(("neighborContrast", part))
      shares = exp(logShares.detached).elements
    }
    if isActive, options.aDc > 0, let keys {
      let consistency = DistributionalConsistency(temperature: options.tDc)
      let target = try consistency.target(
        key: keys.embeddings, queue: queue.keys, distributions: queue.predictions)
      let part = try consistency(
        logits: logits, target: target, counted: counted, over: context.exchange)
      loss = loss + options.aDc * part
      parts.append(("distributionalConsistency", part))
    }
    try context.minimize(loss, over: parameters)
    if let keys {
      try queue.enqueue(
        keys: keys.embeddings, classes: batch.labels, predictions: softmax(keys.logits),
        over: context.exchange)
    }
    for (name, part) in parts { context.report(name, part) }
    if isActive, options.aSup > 0 {
      context.report(
        "neighborShare", sum: shares.reduce(0) { $0 + Double($1) }, count: Double(shares.count))
    }
    let hits = zip(logits.argMax().elements, batch.labels.elements).count { $0 == $1 }
    context.report("accuracy", sum: Double(hits), count: Double(batch.labels.count))
  }

  /// Of the key encoder, which moves first; nil where nothing would be compared with them.
  ///
  /// Its batch norm has the statistics of the global batch, and running ones of its own.
  private func keys(
    _ images: Tensor, _ context: StepContext
  ) throws -> (embeddings: Tensor, logits: Tensor)? {
    guard options.usesQueue else { return nil }
    keyEncoder.average(
      momentum: options.momentum(at: context.step, of: context.totalSteps),
      includingStates: false)
    return try keyEncoder.evaluate(keepsOwnStates: true) {
      try withoutRecording { try network(images, context.pass) }
    }
  }
}
