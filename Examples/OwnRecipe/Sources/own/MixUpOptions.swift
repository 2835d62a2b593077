import Training

struct MixUpOptions: RecipeOptions {
  @Option("Train on weighted sums of pictures; without, on pictures") var mixes = true
  @Option("Channels of the first stage; doubled at each of three", in: 4...512) var width = 16
  @Option("Probability of mirroring left and right", in: 0...1) var flip: Float = 0.5
}
