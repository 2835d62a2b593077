import Collectives
import Data
import Layers
import Losses
import Recipes
import Tensors
import Testing
import Training

/// The numbers of the recipe's README, each beside what it follows from.
@Suite struct FakeNewsChecks {
  /// ℓ and ∂ℓ/∂z_y at z = (1, −1): ℓ = log(1 + exp(∓2α)), α (p_y − 1).
  @Test(arguments: [
    (Float(4), Int32(0), Float(0.000335), Float(-0.001341)), (1, 0, 0.126928, -0.119203),
    (0.5, 0, 0.313262, -0.134471), (4, 1, 8.000335, -3.998659), (1, 1, 2.126928, -0.880797),
    (0.5, 1, 1.313262, -0.365529),
  ])
  func `heated softmax has the loss and the slope of its formula`(
    alpha: Float, label: Int32, loss: Float, slope: Float
  ) throws {
    try withTape {
      let logits = Tensor([1, -1], shape: [1, 2]).tracked()
      let found = try HeatedSoftmax(alpha: alpha)(
        logits: logits, labels: IntTensor([label]), over: soloExchange())
      #expect(abs(found.share.scalar - loss) < 2e-6)
      let slopes = try gradients(of: found.share, over: [logits])[0].elements
      #expect(abs(slopes[Int(label)] - slope) < 2e-6)
    }
  }

  @Test(arguments: [0, -1, Float.nan, .infinity])
  func `heated softmax refuses what is no temperature`(alpha: Float) {
    #expect(throws: LossError.self) {
      try HeatedSoftmax(alpha: alpha)(
        logits: .zeros([1, 2]), labels: IntTensor([0]), over: soloExchange())
    }
  }

  /// 30 epochs of 101 steps: the paper's 6420 posts in batches of 64.
  @Test func `alpha is 4 up to epoch 10, 1 up to 20, then a half`() throws {
    let heating = try #require(HeatingSchedule("4,1,0.5"))
    let alphas = [1, 10, 11, 20, 21, 30].flatMap { epoch in
      [(epoch - 1) * 101, epoch * 101 - 1].map { heating.alpha(at: $0, of: 3030) }
    }
    #expect(alphas == [4, 4, 4, 4, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5])
    let late = try #require(HeatingSchedule("16, 4@0.7"))
    #expect([0, 69, 70, 99].map { late.alpha(at: $0, of: 100) } == [16, 16, 4, 4])
  }

  @Test(arguments: [
    "", "0", "-1", "4,", "nan", "inf", "4,1@2", "4@0.1,1", "4,1@0.5,2", "4,1@0.5,2@0.5", "x",
  ])
  func `what is no schedule of temperatures is none`(text: String) {
    #expect(HeatingSchedule(text) == nil)
  }

  @Test func `a perturbation has the gradient's direction and the norm asked for`() {
    let one = ByteTensor([1], shape: [1, 1])
    let r = Perturbation.ofSamples(Tensor([3, 4], shape: [1, 1, 2]), isReal: one, epsilon: 1)
    #expect(zip(r.elements, [0.6, 0.8]).allSatisfy { abs($0 - Float($1)) < 1e-6 })
    let none = Perturbation.ofSamples(.zeros([1, 1, 2]), isReal: one, epsilon: 1)
    #expect(none.elements == [0, 0])
    let tiny = Perturbation.ofSamples(
      Tensor([3e-30, 4e-30], shape: [1, 1, 2]), isReal: one, epsilon: 1)
    #expect(zip(tiny.elements, [0.6, 0.8]).allSatisfy { abs($0 - Float($1)) < 1e-6 })
  }

  /// Two posts of two words of which the second's last is padding: a norm each, without padding.
  @Test func `each sample has a norm of its own, and padding stays`() {
    let isReal = ByteTensor([1, 1, 1, 0], shape: [2, 2])
    let g = Tensor([3, 0, 0, 4, 0, 10, 7, 7], shape: [2, 2, 2])
    let r = Perturbation.ofSamples(g, isReal: isReal, epsilon: 2).elements
    let expected: [Float] = [1.2, 0, 0, 1.6, 0, 2, 0, 0]
    #expect(zip(r, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(r)")
    #expect(r[6] == 0 && r[7] == 0)
    let table = Perturbation.ofTable(Tensor([3, 0, 0, 4], shape: [2, 2]), epsilon: 1).elements
    #expect(zip(table, [0.6, 0, 0, 0.8]).allSatisfy { abs($0 - Float($1)) < 1e-6 })
  }

  /// real → (real 3, fake 1), fake → (real 0, fake 2): F = 6/7 and 4/5.
  @Test func `weighted scores of a confusion`() {
    var matrix = ConfusionMatrix(classes: 2)
    matrix.add(
      prediction: ByteTensor([0, 0, 0, 1, 1, 1]), truth: ByteTensor([0, 0, 0, 0, 1, 1]))
    #expect(abs(matrix.weightedF1 - (4 * 0.857143 + 2 * 0.8) / 6) < 1e-6)
    #expect(abs(matrix.accuracy - 0.833333) < 1e-6)
    #expect(matrix.weightedRecall == matrix.accuracy)
    #expect(abs(matrix.weightedPrecision - (4 * 1 + 2 * 2.0 / 3) / 6) < 1e-9)
    var one = ConfusionMatrix(classes: 2)
    one.add(prediction: ByteTensor([0, 0]), truth: ByteTensor([0, 1]))
    #expect(abs(one.weightedF1 - 0.5 * 2 / 3) < 1e-9, "a class never predicted has F = 0")
    #expect(ConfusionMatrix(classes: 2).weightedF1 == 0)
  }

  private static let paperTokens = [
    "covid-19", "covid19", "coronavirus", "pandemic", "indiafightscorona", "lockdown",
  ]

  /// As many symbols as BERT has, in its places: the letters, and names that no text has.
  private func uncased() throws -> Tokenizer {
    var lines = (0..<30_522).map { "[unused\($0)]" }
    (lines[0], lines[100], lines[101], lines[102], lines[103]) = (
      "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
    )
    for (index, letter) in "abcdefghijklmnopqrstuvwxyz0123456789-".enumerated() {
      lines[1000 + index] = String(letter)
      lines[2000 + index] = "##\(letter)"
    }
    return try Tokenizer.bert(vocabulary: lines)
  }

  @Test func `added tokens are one number each, in the order of their list`() throws {
    let cleaning = PostCleaning(tokens: Self.paperTokens)
    let base = try uncased()
    let added = PostTokenizer(base, adding: Self.paperTokens)
    func numbers(_ post: String) -> [Int32] { added.tokenizer.encode(cleaning(post)) }
    #expect(numbers("#IndiaFightsCorona") == [30_526])
    #expect(numbers("COVID-19") == [30_522])
    #expect(numbers("@Covid19, lockdown! (pandemic)") == [30_523, 30_527, 30_525])
    #expect(added.tokenizer.count == 30_528 && added.added.map(\.symbol) == Self.paperTokens)
    // Within a longer word a token is none; old numbers are as they were.
    #expect(numbers("covid19india") == base.encode("covid19india"))
    #expect(numbers("abc") == base.encode("abc") && base.count == 30_522)
  }

  @Test func `a token that is known keeps its number and gets no row`() throws {
    let tokenizer = PostTokenizer(try uncased(), adding: ["a", "ab"])
    #expect(tokenizer.known == ["a"] && tokenizer.added.map(\.symbol) == ["ab"])
    #expect(tokenizer.tokenizer.encode("a ab") == [1000, 30_522])
    let pieces = PostTokenizer(try uncased(), adding: ["ab"], start: .pieces)
    #expect(pieces.added == [Initializer.AddedRow("ab", pieces: [1000, 2001])])
  }

  @Test(arguments: [
    ("Tests &amp; tracing: https://t.co/Ab&amp;c now", "tests tracing"),
    ("It's COVID-19's 2nd wave!", "covid-19 2nd wave"),
    ("#COVID-19 #covid-19x @LockDown", "covid-19 covid 19x lockdown"),
    ("seehttps://x.y z\nA\u{1F637}B caf\u{E9}", "see z b caf"),
    ("&lt;b&gt; http:// &AMP;", "b http amp"),
    ("the and of", ""),
  ])
  func `cleaning leaves words and tokens`(post: String, expected: String) {
    #expect(PostCleaning(tokens: Self.paperTokens)(post) == expected)
  }

  @Test func `posts are cut and padded to the longest`() throws {
    let tokenizer = try uncased()
    let tokens = PostTokens(["a b c d", "a", ""], tokenizer, length: 5)
    #expect(tokens.numbers.shape == [3, 5])
    #expect(
      tokens.numbers.elements.prefix(10) == [101, 1000, 1001, 1002, 102, 101, 1000, 102, 0, 0])
    #expect(tokens.isReal.elements == [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0])
    #expect(PostTokens([], tokenizer, length: 5).numbers.shape == [0, 1])
  }
}
