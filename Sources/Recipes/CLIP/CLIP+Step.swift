import Layers
import Losses
import Tensors
import Training

extension CLIP {
  /// One step of one replica (paper, figure 3): embed both, contrast with the cluster's batch.
  package func step(_ batch: Batch, _ context: StepContext) throws {
    let images = l2Normalized(try model.image(batch.images, context.pass))  // [B, d]
    let texts = try model.embed(batch.texts, context.pass)  // [B, d]
    let logScale = model.logScale.value
    let loss: GlobalLoss
    if let bias = model.bias {
      loss = try SigLIP()(
        query: images, key: texts, logScale: logScale, bias: bias.value, over: context.exchange)
    } else {
      let negatives: Negatives = options.negatives == .local ? .local : .global
      loss = try InfoNCE(negatives: negatives)(
        query: images, key: texts, logScale: logScale, over: context.exchange)
    }
    try context.minimize(loss, over: parameters)
    let isFirst = context.exchange.replica == 0
    context.report(
      "logitScale", sum: isFirst ? Double(withoutRecording { exp(logScale.detached) }.scalar) : 0,
      count: isFirst ? 1 : 0)
  }
}
