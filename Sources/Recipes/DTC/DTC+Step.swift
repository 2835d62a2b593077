import Layers
import Losses
import Tensors
import Training

extension DTC {
  /// L = L_Dice + β L_LSF + λ(t) L_DTC: the first two of the labelled samples, the last of all.
  package func step(_ batch: Batch, _ context: StepContext) throws {
    let features = try model.features(batch.images, context.pass)
    let probabilities = sigmoid(model.logits(features))
    let dice = try SquaredDice()(
      probabilities.gatherRows(batch.labelled), truth: batch.masks, over: context.exchange)
    var (loss, parts) = (dice, [("dice", dice)])
    if options.levelSetWeight > 0 || options.consistencyWeight > 0 {
      let levelSets = model.levelSet(features)
      if options.levelSetWeight > 0 {
        let regression = try squaredError(
          levelSets.gatherRows(batch.labelled), batch.levelSets, over: context.exchange)
        loss = loss + options.levelSetWeight * regression
        parts.append(("levelSet", regression))
      }
      if options.consistencyWeight > 0 {
        let consistency = try squaredError(
          softMask(levelSets, steepness: options.steepness), probabilities,
          over: context.exchange)
        let weight = options.consistencyWeight * options.ramp(at: context.step)
        loss = loss + weight * consistency
        parts.append(("consistency", consistency))
        context.report("consistencyWeight", sum: Double(weight), count: 1)
      }
    }
    try context.minimize(loss, over: parameters)
    for (name, part) in parts { context.report(name, part) }
  }
}
