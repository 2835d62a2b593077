import Data
import Layers
import Training

package struct DTCOptions: RecipeOptions {
  @Option("Channels of the network's finest level; doubled four times", in: 1...128)
  package var filters = 16
  @Option("Probability of dropping a channel", in: 0...0.9) package var dropout: Float = 0.5
  @Option(
    "Patch along the first axis, a multiple of 16", unit: "voxels", in: 16...512)
  package var patchX = 112
  @Option("Patch along the second axis, a multiple of 16", unit: "voxels", in: 16...512)
  package var patchY = 112
  @Option("Patch along the third axis, a multiple of 16", unit: "voxels", in: 16...512)
  package var patchZ = 80
  @Option(
    "Windows of a prediction begin so far apart along the first two axes; 16 for the pancreas",
    unit: "voxels", in: 1...512)
  package var strideXY = 18
  @Option(
    "Windows of a prediction begin so far apart along the third axis; 16 for the pancreas",
    unit: "voxels", in: 1...512)
  package var strideZ = 4
  @Option(
    "Turns by quarters in the plane of the first two axes, then mirrors along one of them; false "
      + "for the pancreas, whose training a turn breaks")
  package var turns = true
  @Option("How many samples of train, the first ones, have labels", in: 1...1_000_000_000)
  package var labelled = 16
  @Option(
    "How many of a batch's samples are labelled ones; all of them for training without the others",
    symbol: "b_l", in: 1...1_000_000)
  package var labelledSlots = 2
  @Option("Weight of the level set's regression; 0 leaves it out", symbol: "β", in: 0...100)
  package var levelSetWeight: Float = 0.3
  @Option(
    "Weight of the consistency at the end of its rise; 0 leaves it out", symbol: "λ", in: 0...100)
  package var consistencyWeight: Float = 1
  @Option("Steepness of the level set's transform to a mask", symbol: "k", in: 0.001...100_000)
  package var steepness: Float = 1500
  @Option("Steps between two rises of the consistency's weight", unit: "steps", in: 1...1_000_000)
  package var rampInterval = 150
  @Option("How often the consistency's weight rises", in: 1...1_000_000)
  package var rampLength = 40
  @Option("Level set of a patch without foreground: outside is +1, zero is the paper's code")
  package var emptyTarget: EmptyTarget = .outside

  package init() {}
}

extension DTCOptions {
  var patch: [Int] { [patchX, patchY, patchZ] }

  var window: SlidingWindow {
    SlidingWindow(patch: patch, stride: [strideXY, strideXY, strideZ])
  }

  /// λ(t) without its weight: exp(−5 (1 − min(t, T) / T)²), t = ⌊step / interval⌋.
  package func ramp(at step: Int) -> Float {
    let t = Double(min(step / rampInterval, rampLength)) / Double(rampLength)
    return Float(ExactMath.exp(-5 * (1 - t) * (1 - t)))
  }
}
