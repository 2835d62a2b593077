import Losses
import Training

/// Which encoders read a post, and where their findings meet.
package enum FakeNewsBranches: String, OptionChoice {
  /// Both, their vectors in one network (the paper's Ro-CT-BERT).
  case fusion
  /// Both, each with a classifier of its own; predictions are the mean of their probabilities.
  case score
  case roberta = "single:roberta"
  case ctbert = "single:ctbert"

  var hasRoberta: Bool { self != .ctbert }
  var hasCTBERT: Bool { self != .roberta }
}

/// Adversarial training by the fast gradient method.
package enum FakeNewsFGM: String, OptionChoice {
  case none
  /// A perturbation for each sample, of norm ε (Miyato et al. 2017).
  case sample
  /// One of the whole table of words, by the gradient of the whole batch.
  case table
}

/// How the rows of added tokens begin.
package enum FakeNewsExpansionStart: String, OptionChoice {
  case normal, pieces
}

/// Which vector stands for a text.
package enum FakeNewsPooling: String, OptionChoice {
  case first, mean
}

package struct FakeNewsOptions: RecipeOptions {
  @Option("Encoders, and how they are joined") package var branches: FakeNewsBranches = .fusion
  @Option("Adversarial training: none, a perturbation of each sample's words, or of the table")
  package var fgm: FakeNewsFGM = .sample
  @Option("Norm of the perturbation in training", symbol: "ε", in: 0...1000)
  package var epsilon: Float = 1
  @Option(
    "Norm of the perturbation under which the scores `attacked` are taken; 0 for none", in: 0...1000
  )
  package var attackEpsilon: Float = 1
  @Option(
    "Inverse temperatures of the softmax, one after another: in equal parts of the training, or 4,1@0.7 where the second begins",
    symbol: "α")
  package var alpha = "4,1,0.5"
  @Option("Compare unit vectors: the last layer's input and its rows, without bias")
  package var normalise = false
  @Option("Add the tokens to ctbert's vocabulary") package var expansion = true
  @Option("Tokens that are kept whole, parted by commas; learned vocabularies do without them")
  package var tokens = "covid-19,covid19,coronavirus,pandemic,indiafightscorona,lockdown"
  @Option("How added tokens begin: at random, or as the mean of what they were cut into")
  package var expansionStart: FakeNewsExpansionStart = .normal
  @Option("Longest post, with what stands around it", unit: "tokens", in: 4...4096)
  package var length = 128
  @Option("What stands for a post: the first token, or the mean of all")
  package var pooling: FakeNewsPooling = .first
  @Option("Probability of dropping a feature", in: 0...0.9) package var dropout: Float = 0.1
  @Option("Probability of dropping a weight of the attention", in: 0...0.9)
  package var attentionDropout: Float = 0.1
  @Option("Width of fusion's hidden layer", in: 2...16_384) package var fusionWidth = 1024
  @Option(
    "roberta's vocab.json or tokenizer.json, or its folder; empty to learn from the training posts")
  package var robertaTokenizer = ""
  @Option("How many merges are learned at most; 0 for single bytes", in: 0...65_536)
  package var robertaMerges = 4000
  @Option("Width of roberta", in: 2...16_384) package var robertaWidth = 1024
  @Option("Blocks of roberta; 0 for a bag of words", in: 0...96) package var robertaDepth = 24
  @Option("Attention heads of roberta", in: 1...128) package var robertaHeads = 16
  @Option("Width inside roberta's blocks", in: 2...65_536) package var robertaHidden = 4096
  @Option("Rows of roberta's table of positions", in: 4...8192) package var robertaPositions = 514
  @Option(
    "ctbert's vocab.txt or tokenizer.json, or its folder; empty to learn from the training posts")
  package var ctbertTokenizer = ""
  @Option("How many symbols are learned at most, besides single characters", in: 0...1_000_000)
  package var ctbertVocabulary = 4000
  @Option("Width of ctbert", in: 2...16_384) package var ctbertWidth = 1024
  @Option("Blocks of ctbert; 0 for a bag of words", in: 0...96) package var ctbertDepth = 24
  @Option("Attention heads of ctbert", in: 1...128) package var ctbertHeads = 16
  @Option("Width inside ctbert's blocks", in: 2...65_536) package var ctbertHidden = 4096
  @Option("Rows of ctbert's table of positions", in: 4...8192) package var ctbertPositions = 512

  package init() {}
}

extension FakeNewsOptions {
  /// nil if `alpha` is no schedule.
  var heating: HeatingSchedule? { HeatingSchedule(alpha) }

  /// nil if `tokens` is no list of different words of letters, digits and hyphens.
  var tokenList: [String]? {
    if tokens.isEmpty { return [] }
    let words = tokens.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.drop { $0 == " " })
    }
    let isPlain = words.allSatisfy { word in
      word.utf8.contains { $0 != UInt8(ascii: "-") }
        && word.utf8.allSatisfy {
          (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
        }
    }
    return isPlain && Set(words).count == words.count ? words : nil
  }

  /// Sizes of one encoder.
  struct Encoder {
    let name: String
    let width: Int
    let depth: Int
    let heads: Int
    let hidden: Int
    let positions: Int
  }

  var roberta: Encoder {
    Encoder(
      name: "roberta", width: robertaWidth, depth: robertaDepth, heads: robertaHeads,
      hidden: robertaHidden, positions: robertaPositions)
  }

  var ctbert: Encoder {
    Encoder(
      name: "ctbert", width: ctbertWidth, depth: ctbertDepth, heads: ctbertHeads,
      hidden: ctbertHidden, positions: ctbertPositions)
  }

  /// Those that `branches` names.
  var encoders: [Encoder] {
    (branches.hasRoberta ? [roberta] : []) + (branches.hasCTBERT ? [ctbert] : [])
  }
}
