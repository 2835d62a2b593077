import Data
import Layers
import Losses
import Tensors
import Training

extension Segment {
  /// One step of one replica: L = CE + w·Dice + λ·SupCon, each over the global batch.
  package func step(_ batch: Batch, _ context: StepContext) throws {
    let features = try model.features(batch.images, context.pass)
    let logits = model.logits(features, size: crop)
      .reshaped([batch.masks.count, classNames.count])
    let labels = IntTensor(batch.masks.reshaped([batch.masks.count]).elements.map { Int32($0) })
    let ignored = Int32(ignoredLabel)

    let entropy = try CrossEntropy(ignored: ignored)(
      logits: logits, labels: labels, over: context.exchange)
    var loss = entropy
    var parts = [("crossEntropy", entropy)]
    if options.diceWeight > 0 {
      let dice = try Dice(ignored: ignored)(
        logits: logits, labels: labels, over: context.exchange)
      loss = loss + options.diceWeight * dice
      parts.append(("dice", dice))
    }
    if let embedding = model.embedding {
      let contrast = try contrast(features, batch.masks, embedding, context)
      loss = loss + options.contrastWeight * contrast
      parts.append(("contrast", contrast))
    }
    try context.minimize(loss, over: parameters)
    for (name, part) in parts { context.report(name, part) }
  }

  /// Regions of one class attract each other, wherever in the cluster they are.
  private func contrast(
    _ features: Tensor, _ masks: ByteTensor, _ embedding: Linear, _ context: StepContext
  ) throws -> GlobalLoss {
    let map = ImageSize(height: features.shape[1], width: features.shape[2])
    let regions = SegmentRegions(masks: masks, map: map, classes: classNames.count)
    // The head is linear, so the mean of the pixels' embeddings is the embedding of their mean.
    let rows = l2Normalized(embedding(regions.means(of: features)))  // [regions, d]
    return try SupervisedContrastive(temperature: options.temperature)(
      rows: rows, labels: regions.labels, over: context.exchange)
  }
}
