import Collectives
import Layers
import Tensors
import TestSupport
import Testing
import Training

@Suite(.timeLimit(.minutes(1))) struct BucketTests {
  private func model(_ sizes: [Int]) -> (Arena, [Parameter]) {
    let arena = Arena()
    var scope = Scope(arena)
    let parameters = sizes.enumerated().map { scope.parameter("p\($0)", [$1], .zeros) }
    return (arena, parameters)
  }

  @Test func `cuts from the end, the first bucket small`() {
    let (_, parameters) = model([100, 5, 40, 16, 20, 7])
    let buckets = ParameterBuckets(parameters, firstFloats: 40, maxFloats: 64)
    // Sizes rounded to 16: 112, 16, 48, 16, 32, 16.
    #expect(buckets.buckets.map { $0.slices.map(\.parameter) } == [[5], [4, 3], [2, 1], [0]])
    #expect(buckets.buckets.map { $0.slices.map(\.offset) } == [[0], [0, 32], [0, 48], [0]])
    #expect(buckets.buckets.map(\.floats) == [16, 48, 64, 112])
    #expect(ParameterBuckets([]).buckets.isEmpty)
  }

  @Test(arguments: [[], [1], [1, 2]])
  func `adds up to the plain sum`(borders: [Int]) throws {
    let sizes = [70_000, 3, 80_000, 33, 1]
    let results = try TestCluster(replicas: 3, borders: borders).run { exchange -> [[Float]] in
      let (arena, parameters) = model(sizes)
      let optimizer = Optimizer(
        arena, OptimizerSettings(.sgd, learningRate: 0), ScheduleSettings(.constant),
        parameters: parameters, totalSteps: 1)
      arena.seal(moments: 1, key: RandomKey(seed: 1))
      let context = StepContext(
        pass: Forward(isTraining: true, exchange: exchange, key: RandomKey(seed: 1), slots: []),
        step: 0, totalSteps: 1, stage: 0, epoch: 0,
        transaction: StepTransaction(optimizer, step: 0)
      ) {}
      let local = LocalGradients(
        parameters: parameters,
        values: sizes.indices.map {
          sample([sizes[$0]], seed: UInt64($0 * 10 + exchange.replica + 1))
        })
      let reduced = try context.reduce(local)
      return sizes.indices.map { reduced.value(at: $0).elements }
    }
    for index in sizes.indices {
      let parts = (0..<3).map { sample([sizes[index]], seed: UInt64(index * 10 + $0 + 1)) }
      let expected = (parts[0] + parts[1] + parts[2]).elements
      for result in results {
        #expect(agree(expected, result[index], 1e-5))
        #expect(result[index] == results[0][index])
      }
    }
  }
}
