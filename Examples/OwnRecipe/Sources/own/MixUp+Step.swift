import Data
import Losses
import Tensors
import Training

extension MixUp {
  struct Batch: Sendable {
    let images: Tensor  // [B, h, w, 3]
    let labels: IntTensor  // [B]
    /// λ of each picture.
    let weights: Tensor  // [B]
  }

  /// Draws with keys of the slot: the same view and weight on whatever machine.
  func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    var augmentation = Augmentation(size: size)
    augmentation.flip = options.flip
    var (images, labels, weights): ([ByteTensor], [Int32], [Float]) = ([], [], [])
    for item in samples {
      let (image, label) = try Self.parts(of: item.sample)
      let own = item.slot.index
      images.append(try augmentation(image, key: key.derived("augment").derived(own)).image)
      labels.append(Int32(label))
      weights.append(options.mixes ? key.derived("weight").derived(own).uniform(0) : 1)
    }
    return Batch(
      images: Data.Normalization.imageNet.batch(images, size: size), labels: IntTensor(labels),
      weights: Tensor(weights))
  }

  /// One replica's step; each picture is mixed with the next one of the replica's batch.
  func step(_ batch: Batch, _ context: StepContext) throws {
    let count = batch.labels.count
    // A replica may have one picture, or none in a short last batch; all call the same collectives.
    let partners =
      count > 1
      ? concatenated([batch.images.rows(1..<count), batch.images.rows(0..<1)]) : batch.images
    let labels = batch.labels.elements
    let others = IntTensor(Array(labels.dropFirst() + labels.prefix(1)))
    let weights = batch.weights.reshaped([count, 1, 1, 1])
    let scores = try logits(weights * batch.images + (1 - weights) * partners, context.pass)
    let rows =
      batch.weights * crossEntropyRows(scores, batch.labels, ignoring: nil)
      + (1 - batch.weights) * crossEntropyRows(scores, others, ignoring: nil)
    let loss = try GlobalLoss.mean(of: rows.sum(), count: count, over: context.exchange)
    try context.minimize(loss, over: parameters)
  }
}
