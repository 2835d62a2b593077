import Layers
import Losses
import Tensors
import Training

extension TDM {
  /// One episode (paper, figure 2): every replica sees all supports and scores its own queries.
  package func step(_ batch: Batch, _ context: StepContext) throws {
    let shape = options.trainShape
    let maps = try model.maps(batch.images, context.pass)  // [B, r, d]
    let own = maps.rows(0..<batch.supportCount)
    let supports = try context.exchange.gather(own).rows
      .reshaped([shape.way, shape.shot] + maps.shape.dropFirst())
    let queries = maps.rows(batch.supportCount..<maps.shape[0])

    let noise = ChannelAttention.Noise(
      halfWidth: options.noise, key: context.key("noise"), queries: batch.queries)
    let (distances, _) = try model.distances(
      supports: supports, queries: queries, context.pass, noise: options.noise > 0 ? noise : nil)
    let logits = model.logits(distances)
    let labels = IntTensor(batch.queries.map { Int32(shape.classOfQuery($0)) })

    let entropy = try CrossEntropy()(logits: logits, labels: labels, over: context.exchange)
    var (loss, parts) = (entropy, [("crossEntropy", entropy)])
    if options.head == .frn, options.auxiliary > 0 {
      let auxiliary = GlobalLoss.replicated(
        FRNHead.auxiliaryLoss(supports), over: context.exchange)
      loss = loss + options.auxiliary * auxiliary
      parts.append(("auxiliary", auxiliary))
    }
    try context.minimize(loss, over: parameters)
    for (name, part) in parts { context.report(name, part) }
    let hits = zip(logits.argMax().elements, labels.elements).count { $0 == $1 }
    context.report("accuracy", sum: Double(hits), count: Double(labels.count))
  }
}
