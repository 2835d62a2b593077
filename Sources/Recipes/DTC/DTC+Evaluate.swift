import Data
import Layers
import Tensors
import Training

extension DTC {
  /// Means over the split's volumes. Distances are in voxels; a volume in which nothing was found has 0
  /// for all four scores, and `emptyPredictions` says how many there are.
  package func evaluate(
    _ source: any SampleSource, _ context: PassContext
  ) throws -> [Score] {
    var tally = VolumeTally()
    for index in context.batches(source.count).joined() {
      let sample = try source.sample(at: index)
      let volume = try BinaryVolume(labelled: sample)
      guard let truth = volume.mask else { continue }
      let found = try prediction(of: volume.image, context.pass)
      tally.add(VolumeScores(prediction: found.mask, truth: truth))
    }
    let all = try tally.summed(over: context.exchange)
    return [
      Score("Dice", all.dice), Score("Jaccard", all.jaccard),
      Score("95HD", all.hausdorff95, isFraction: false),
      Score("ASD", all.surfaceDistance, isFraction: false),
      Score("emptyPredictions", all.emptyPredictions, isFraction: false),
    ]
  }

  /// The mean probability over windows, and the largest connected part of what is above a half.
  ///
  /// Shapes: [a, b, c] → [a, b, c].
  func prediction(
    of image: Tensor, _ pass: Forward
  ) throws -> (probabilities: Tensor, mask: ByteTensor) {
    let probabilities = try options.window(image) { patch in
      sigmoid(model.logits(try model.features(patch, pass)))
    }
    return (probabilities, greater(probabilities, 0.5).largestComponent())
  }
}
