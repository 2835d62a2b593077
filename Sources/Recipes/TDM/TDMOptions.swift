import Data
import Training

/// Which network makes features of an image.
package enum TDMBackbone: String, OptionChoice {
  case conv4, resnet12
}

/// What compares queries with classes.
package enum TDMHead: String, OptionChoice {
  case protonet, frn
}

/// Which of TDM's modules weight the channels: the rows of the paper's ablation.
package enum TDMModules: String, OptionChoice {
  case none
  case samIntra = "sam-intra"
  case samInter = "sam-inter"
  case sam, qam, full

  var hasIntra: Bool { [.samIntra, .sam, .full].contains(self) }
  var hasInter: Bool { [.samInter, .sam, .full].contains(self) }
  var hasQuery: Bool { [.qam, .full].contains(self) }
}

package struct TDMOptions: RecipeOptions {
  @Option("Network that makes the features") package var backbone: TDMBackbone = .conv4
  @Option(
    "Channels of conv4; of resnet12's first block, its last has 10 times as many", in: 2...1024)
  package var width = 64
  @Option("How many blocks of conv4, the first ones, end in pooling", in: 0...4)
  package var pools = 4
  @Option("Probability of dropping a feature or a block in resnet12", in: 0...0.9)
  package var dropout: Float = 0.1
  @Option(
    "Passes that a step counts for in resnet12's DropBlock, whose rate rises over 40000; the paper's "
      + "code counts those of validation, too", in: 1...1000)
  package var dropBlockCalls = 3
  @Option("What compares queries with classes") package var head: TDMHead = .protonet
  @Option("Modules that weight the channels") package var tdm: TDMModules = .full
  @Option("Half-width of the noise on the weights in training; 0 for none", in: 0...2)
  package var noise: Float = 0.2
  @Option("Weight of frn's auxiliary loss", in: 0...100) package var auxiliary: Float = 0.03
  @Option("Classes of a training episode", in: 2...1000) package var trainWay = 20
  @Option("Images of a class to learn it from, in training", symbol: "K", in: 1...1000)
  package var trainShot = 5
  @Option("Images of a class to recognise, in training", in: 1...1000)
  package var trainQueryShot = 15
  @Option("Classes of an evaluation episode", in: 2...1000) package var testWay = 5
  @Option(
    "Images of a class to learn it from, in evaluation, several numbers parted by commas; empty for trainShot"
  )
  package var testShot = ""
  @Option("Images of a class to recognise, in evaluation", in: 1...1000)
  package var testQueryShot = 16
  @Option("Evaluation episodes; the paper validates on 1000 and tests on 10000", in: 1...1_000_000)
  package var trials = 1000
  @Option(
    "Seed of the evaluation episodes, which are the same for all models", in: 0...1_000_000_000)
  package var trialSeed = 42
  @Option("Side of the images", unit: "pixels", in: 5...1024) package var imageSize = 84
  @Option(
    "Training views: 0 for random resized crops, 1 for crops of the padded image; both with changes of colour and mirroring",
    in: 0...1)
  package var trainTransformType = 0

  package init() {}
}

extension TDMOptions {
  var trainShape: EpisodeShape {
    EpisodeShape(way: trainWay, shot: trainShot, query: trainQueryShot)
  }

  /// One for each of `testShots`.
  var testShapes: [EpisodeShape] {
    (testShots ?? []).map { EpisodeShape(way: testWay, shot: $0, query: testQueryShot) }
  }

  /// nil if `testShot` is no list of numbers above 0.
  var testShots: [Int]? {
    if testShot.isEmpty { return [trainShot] }
    let shots = testShot.split(separator: ",", omittingEmptySubsequences: false).map { word in
      Int(String(word.drop { $0 == " " })).flatMap { (1...1000).contains($0) ? $0 : nil }
    }
    return shots.contains(nil) || Set(shots).count < shots.count ? nil : shots.compactMap { $0 }
  }

  /// Sides of the last map: images halved by each pooling.
  var mapSide: Int { imageSize >> (backbone == .conv4 ? pools : 4) }
}
