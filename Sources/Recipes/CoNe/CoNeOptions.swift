import Data
import Layers
import Training

/// Which residual network makes features of an image.
package enum CoNeBackbone: String, OptionChoice {
  case resnet10, resnet18, resnet34, resnet50, resnet101, resnet152, resnet200

  var depth: ResNet.Depth {
    switch self {
    case .resnet10: .resNet10
    case .resnet18: .resNet18
    case .resnet34: .resNet34
    case .resnet50: .resNet50
    case .resnet101: .resNet101
    case .resnet152: .resNet152
    case .resnet200: .resNet200
    }
  }
}

/// What stands before the network's first stage.
package enum CoNeStem: String, OptionChoice {
  case large, small
}

/// Whether samples whose least likely class is all but impossible are left out, as the code does.
package enum CoNeGuard: String, OptionChoice {
  case off, code
}

package struct CoNeOptions: RecipeOptions {
  @Option("Network that makes the features; resnet10, with one block a stage, is not the paper's")
  package var backbone: CoNeBackbone = .resnet50
  @Option("Channels of the network's first stage", in: 1...1024) package var width = 64
  @Option("Beginning of the network: 7×7 with stride 2 and pooling, or 3×3 for small images")
  package var stem: CoNeStem = .large
  @Option(
    "Hidden layers of the projection head; 0 for none, and the embedding is the feature", in: 0...8)
  package var layers = 1
  @Option("Width of the hidden layers; 0 for the paper's, max(2 × feature, 4096)", in: 0...65_536)
  package var hidden = 0
  @Option("Dimension of the embedding", symbol: "dim", in: 2...4096) package var dim = 256
  @Option("Whether hidden layers have batch norm", symbol: "use_bn") package var useBn = true
  @Option("Number of classes; 0 for as many as the training split has", in: 0...1_000_000)
  package var numClasses = 0
  @Option("Length of the queue, a multiple of the batch", symbol: "K", in: 1...16_777_216)
  package var queue = 65_536
  @Option(
    "Neighbours that a sample is contrasted with; 0 for all of the queue", symbol: "k",
    in: 0...16_777_216)
  package var knn = 512
  @Option("Temperature of the contrast", symbol: "t_sup", in: 0.001...100)
  package var tSup: Float = 0.1
  @Option("Temperature of the consistency", symbol: "t_dc", in: 0.001...100)
  package var tDc: Float = 0.07
  @Option("Weight of the neighbour contrast; 0 for none", symbol: "a_sup", in: 0...1000)
  package var aSup: Float = 0.7
  @Option("Weight of the distributional consistency; 0 for none", symbol: "a_dc", in: 0...1000)
  package var aDc: Float = 0.4
  @Option("What of a label goes to the other classes", symbol: "ls", in: 0...1)
  package var labelSmooth: Float = 0
  @Option(
    "Momentum of the key encoder at the start, from which it rises to 1; constant above 0.996",
    symbol: "m_0", in: 0...1)
  package var ema0: Float = 0.996
  @Option("Whether the momentum is constant whatever it is") package var emaConst = false
  @Option("Leaves samples out whose least probability is 1e-8 or less, as the code does")
  package var `guard`: CoNeGuard = .off
  @Option("Epoch, from 0, at whose start contrast and consistency set in", in: 1...1_000_000)
  package var startEpoch = 1
  @Option(
    "Side of the images in training and of what is shown in evaluation", unit: "pixels",
    in: 8...1024)
  package var trainSize = 224
  @Option(
    "Length of the shorter side in evaluation before its centre is cut out", unit: "pixels",
    in: 8...2048)
  package var valSize = 256
  @Option("Least area of a random crop", unit: "of the image", in: 0.01...1)
  package var cropMin: Float = 0.08
  @Option("Probability of mirroring an image in training", in: 0...1) package var flip: Float = 0.5
  @Option(
    "Neighbours in the training split by which evaluation classifies embeddings; 0 for none",
    in: 0...1000)
  package var evaluationKnn = 20

  package init() {}
}

extension CoNeOptions {
  /// Whether anything of the method beyond cross-entropy is on.
  var usesQueue: Bool { aSup > 0 || aDc > 0 }

  /// m at `step` (0-based) of `total`: 1 − (1 − m₀)(cos(π step/total) + 1)/2.
  package func momentum(at step: Int, of total: Int) -> Float {
    guard ema0 <= 0.996, !emaConst else { return ema0 }
    let degrees = 180 * Double(min(step, total)) / Double(max(1, total))
    let share = (ExactMath.sineAndCosine(degrees: degrees).cosine + 1) / 2
    return Float(1 - (1 - Double(ema0)) * share)
  }

  /// k.
  var neighbors: Int { knn > 0 ? knn : queue }

  /// H.
  func hiddenWidth(of features: Int) -> Int { hidden > 0 ? hidden : max(2 * features, 4096) }
}
