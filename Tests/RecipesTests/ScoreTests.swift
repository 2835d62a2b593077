import Losses
import Recipes
import TestSupport
import Tensors
import Testing

@Suite struct ScoreTests {
  @Test func `a confusion matrix has the scores counted by hand`() {
    var matrix = ConfusionMatrix(classes: 4)
    matrix.add(
      prediction: ByteTensor([0, 0, 1, 1, 1, 2, 0]), truth: ByteTensor([0, 0, 0, 1, 1, 1, 255]))
    // Class 0: 2 of {0, 1, 2}; class 1: 2 of {2, 3, 4, 5}; class 2: predicted once; 3: nowhere.
    #expect(matrix.intersectionOverUnion == [2.0 / 3, 0.5, 0, nil])
    #expect(matrix.meanIntersectionOverUnion == (2.0 / 3 + 0.5 + 0) / 3)
    #expect(matrix.accuracy == 4.0 / 6)
  }

  @Test func `tallies of replicas add up`() throws {
    let parts = try TestCluster(replicas: 3, borders: [1]).run { exchange in
      var matrix = ConfusionMatrix(classes: 2)
      let own = UInt8(exchange.replica % 2)
      matrix.add(prediction: ByteTensor([own, 1]), truth: ByteTensor([0, 1]))
      return try matrix.summed(over: exchange)
    }
    for part in parts { #expect(part.counts == [2, 1, 0, 3]) }
  }

  @Test func `recall ranks ties to the lowest column`() {
    var tally = RetrievalTally(depths: [1, 2])
    let scores = Tensor([0.5, 0.5, 0.1, 0.2, 0.9, 0.9], shape: [2, 3])
    tally.add(scores: scores) { query, candidate in candidate == (query == 0 ? 0 : 2) }
    // Query 0: its column 0 ties with 1 and comes first. Query 1: column 2 comes after column 1.
    #expect(tally.hits == [1, 2])
    #expect(tally.recalls == [0.5, 1])
  }

  @Test func `the best of several right answers counts`() {
    var tally = RetrievalTally(depths: [1, 2, 3])
    tally.add(scores: Tensor([0.1, 0.7, 0.9, 0.3], shape: [1, 4])) { _, candidate in
      candidate == 0 || candidate == 1
    }
    tally.add(scores: Tensor([0.1], shape: [1, 1])) { _, _ in false }
    #expect(tally.hits == [0, 1, 1])
    #expect(tally.queries == 2)
  }
}
