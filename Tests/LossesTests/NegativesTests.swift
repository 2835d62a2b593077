import Collectives
import Losses
import Tensors
import Testing

/// What the gather is for: at equal samples a step, negatives from all replicas teach more than each
/// replica's own (README-large-batch-contrastive, proof B).
@Suite struct NegativesTests {
  private static let clusters = 40
  private static let latent = 24
  private static let (leftWidth, rightWidth, hidden, output) = (64, 48, 96, 16)

  /// Pairs (x, y) that are two noisy linear views of one latent vector near one of 40 centres.
  private struct Pairs: Sendable {
    let left: Tensor
    let right: Tensor

    init(count: Int, key: RandomKey) {
      let world = RandomKey(seed: 5)
      let centres = Tensor.normal([clusters, latent], key: world.derived("centres"))
      let members = IntTensor(
        (0..<count).map { Int32(key.derived("cluster").integer($0, below: clusters)) })
      let points =
        centres.gatherRows(members) + Tensor.normal([count, latent], key: key.derived("point"))
        * 0.5
      func view(_ name: String, _ width: Int) -> Tensor {
        let mixing = Tensor.normal([latent, width], key: world.derived(name))
        return tanh(matmul(points, mixing) * 0.3)
          + Tensor.normal([count, width], key: key.derived(name)) * 0.2
      }
      left = view("left", leftWidth)
      right = view("right", rightWidth)
    }
  }

  private static func tower(_ x: Tensor, _ weights: ArraySlice<Tensor>) -> Tensor {
    let w = Array(weights)
    return l2Normalized(matmul(relu(matmul(x, w[0]) + w[1]), w[2]), epsilon: 1e-6)
  }

  /// Recall@1 (x → y) on a gallery of 1000 after 300 steps of Adam, batches of 16 × 8.
  private func recall(_ negatives: Negatives) throws -> Double {
    let replicas = 16
    let (train, test) = (
      Pairs(count: 4000, key: RandomKey(seed: 1)), Pairs(count: 1000, key: RandomKey(seed: 2))
    )
    let key = RandomKey(seed: 3)
    func weight(_ index: Int, _ shape: [Int]) -> Tensor {
      shape.count == 1
        ? .zeros(shape)
        : .normal(shape, key: key.derived(index)) * (1 / Float(shape[0]).squareRoot())
    }
    let shapes = [
      [Self.leftWidth, Self.hidden], [Self.hidden], [Self.hidden, Self.output],
      [Self.rightWidth, Self.hidden], [Self.hidden], [Self.hidden, Self.output],
    ]
    var weights = shapes.enumerated().map { weight($0, $1) }
    var first = shapes.map { Tensor.zeros($0) }
    var second = shapes.map { Tensor.zeros($0) }
    let group = ReplicaGroup(
      replicas: replicas, hosted: 0..<replicas, permits: ComputePermits(count: 2), link: nil)
    let loss = InfoNCE(temperature: 0.07, negatives: negatives)
    for step in 0..<300 {
      let rows = (0..<128).map { Int32(key.derived(step).integer($0, below: 4000)) }
      let values = weights
      let results = group.run(serial: UInt64(step) + 1) { exchange -> [Tensor] in
        let mine = IntTensor(Array(rows[exchange.replica * 8..<(exchange.replica + 1) * 8]))
        let local = try withTape { () throws -> [Tensor] in
          let leaves = values.map { $0.tracked() }
          let share = try loss(
            query: Self.tower(train.left.gatherRows(mine), leaves[..<3]),
            key: Self.tower(train.right.gatherRows(mine), leaves[3...]), over: exchange
          ).share
          return try gradients(of: share, over: leaves)
        }
        return try local.map { try exchange.sumValues($0) }
      }
      let slopes = try #require(try results.first?.get())
      for index in weights.indices {
        first[index] = first[index] * 0.9 + slopes[index] * 0.1
        second[index] = second[index] * 0.999 + square(slopes[index]) * 0.001
        let (a, b) = (1 - power(0.9, step + 1), 1 - power(0.999, step + 1))
        weights[index] =
          weights[index] - (first[index] / a) / (sqrt(second[index] / b) + 1e-8) * 2e-3
      }
    }
    let similarity = matmul(
      Self.tower(test.left, weights[..<3]), Self.tower(test.right, weights[3...]).transposed)
    let hits = similarity.argMax(axis: 1).elements.enumerated().filter {
      $0.offset == Int($0.element)
    }
    return Double(hits.count) / 1000
  }

  private func power(_ base: Float, _ exponent: Int) -> Float {
    (0..<exponent).reduce(1) { value, _ in value * base }
  }

  @Test(.timeLimit(.minutes(3))) func `from all replicas retrieve better than local ones`() throws {
    let (global, local) = (try recall(.global), try recall(.local))
    print("Recall@1 with negatives of all replicas \(global), of one's own replica \(local)")
    #expect(global >= local + 0.08)
  }
}
