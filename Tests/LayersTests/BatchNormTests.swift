import Collectives
import Layers
import TestSupport
import Tensors
import Testing

/// A model of batch norm between two linear layers, run on one batch by some replicas.
private struct Bench: Sendable {
  struct Result: Sendable, Equatable {
    var outputs: [Float]  // rows of all replicas in order
    var inputGradients: [Float]
    var gradients: [[Float]]  // of each parameter, summed over replicas
    var states: [[Float]]
  }

  let arena: Arena
  let before: Linear
  let norm: BatchNorm
  let after: Linear

  init() {
    let (layers, arena) = built { scope in
      (
        Linear(3, 4, in: &scope["before"]), BatchNorm(4, in: &scope["bn"]),
        Linear(4, 2, in: &scope["after"])
      )
    }
    (before, norm, after) = layers
    self.arena = arena
  }

  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    after(Activation.gelu(try norm(before(x), pass)))
  }

  /// - `rows`: Of each replica.
  /// - `weights`: Cotangents of the outputs: the loss is their product's sum, over all replicas.
  /// - `borders`: Where one worker's replicas end and the next one's begin.
  func run(
    _ x: Tensor, weights: Tensor, rows: [Int], borders: [Int] = [], permits: Int = 2
  ) throws -> Result {
    let cluster = TestCluster(replicas: rows.count, borders: borders, permits: permits)
    let parts = try cluster.run { exchange in
      let start = rows[..<exchange.replica].reduce(0, +)
      let mine = start..<start + rows[exchange.replica]
      let pass = Forward(
        isTraining: true, exchange: exchange, key: RandomKey(seed: 1), slots: Array(mine))
      let thread = ReplicaThread()
      return try thread.run {
        try withTape { () throws -> (Tensor, [Tensor], [[Float]]) in
          let input = x.sliced(axis: 0, mine).tracked()
          let y = try self(input, pass)
          let loss = (y * weights.sliced(axis: 0, mine)).sum()
          let parameters = Scope(arena).parameters.map(\.value)
          let gradients = try gradients(of: loss, over: [input] + parameters)
          let summed = try gradients.dropFirst().map { try exchange.sumValues($0.detached) }
          return (
            y.detached, [gradients[0].detached] + summed,
            Scope(arena).states.map { $0.value.elements }
          )
        }
      }
    }
    #expect(Set(parts.map(\.2)).count == 1, "replicas differ in running statistics")
    return Result(
      outputs: parts.flatMap { $0.0.elements }, inputGradients: parts.flatMap { $0.1[0].elements },
      gradients: parts[0].1.dropFirst().map(\.elements), states: parts[0].2)
  }
}

private func expectNear(_ a: [Float], _ b: [Float], within tolerance: Float = 1e-5) {
  expectClose(Tensor(a), Tensor(b), within: tolerance)
}

@Suite struct BatchNormTests {
  @Test(arguments: [[10], [5, 5], [3, 3, 4], [0, 4, 6], [1, 0, 0, 9, 0], [10, 0]])
  func `does not depend on the split over replicas`(rows: [Int]) throws {
    let bench = Bench()
    let (x, weights) = (normal([10, 3], 2), normal([10, 2], 3))
    let whole = try bench.run(x, weights: weights, rows: [10])
    let parts = try bench.run(x, weights: weights, rows: rows)
    expectNear(parts.outputs, whole.outputs)
    expectNear(parts.inputGradients, whole.inputGradients)
    for (a, b) in zip(parts.gradients, whole.gradients) { expectNear(a, b) }
    for (a, b) in zip(parts.states, whole.states) { expectNear(a, b, within: 1e-6) }
  }

  @Test(arguments: [([], 1), ([1], 2), ([3], 1), ([1, 2, 4], 1), ([1, 2, 3, 4], 2)])
  func `gives the same bits whoever hosts the replicas`(borders: [Int], permits: Int) throws {
    let bench = Bench()
    let (x, weights) = (normal([23, 3], 2), normal([23, 2], 3))
    let rows = [5, 0, 7, 1, 10]
    let one = try bench.run(x, weights: weights, rows: rows)
    let spread = try bench.run(
      x, weights: weights, rows: rows, borders: borders, permits: permits)
    #expect(one == spread)
  }

  @Test(arguments: [[4, 3], [0, 7], [2, 0, 5]])
  func `has second gradients that do not depend on the split`(rows: [Int]) throws {
    let (norm, arena) = built { BatchNorm(2, in: &$0) }
    let (x, weights, others) = (normal([7, 2], 2), normal([7, 2], 3), normal([7, 2], 4))
    /// The gradient of Σ others · ∂(Σ weights · y³)/∂x over x and over weight and bias.
    func second(_ rows: [Int]) throws -> (input: [Float], parameters: [Float]) {
      let parts = try TestCluster(replicas: rows.count).run { exchange in
        let start = rows[..<exchange.replica].reduce(0, +)
        let mine = start..<start + rows[exchange.replica]
        let pass = Forward(
          isTraining: true, exchange: exchange, key: RandomKey(seed: 1), slots: Array(mine))
        return try ReplicaThread().run {
          try withTape { () throws -> ([Float], [Float]) in
            let input = x.rows(mine).tracked()
            let y = try norm(input, pass)
            let loss = (y * y * y * weights.rows(mine)).sum()
            let slope = try gradients(of: loss, over: [input], differentiable: true)[0]
            let parameters = Scope(arena).parameters.map(\.value)
            let found = try gradients(
              of: (slope * others.rows(mine)).sum(), over: [input] + parameters)
            let summed = try found.dropFirst().map { try exchange.sumValues($0.detached) }
            return (found[0].elements, summed.flatMap(\.elements))
          }
        }
      }
      return (parts.flatMap(\.0), parts[0].1)
    }
    let (whole, split) = (try second([7]), try second(rows))
    expectNear(split.input, whole.input, within: 1e-4)
    expectNear(split.parameters, whole.parameters, within: 1e-4)
  }

  @Test func `has the right gradients, and second gradients`() throws {
    let (layer, arena) = built { BatchNorm(2, in: &$0) }
    let x = normal([6, 2], 4)
    try checkGradients(arena, at: x, second: true) {
      try layer($0, alone(training: true, samples: 6))
    }
    try checkGradients(arena, at: x) { try layer($0, alone(samples: 6)) }
  }

  @Test func `keeps running statistics as torch does`() throws {
    let (layer, arena) = built { BatchNorm(1, in: &$0["bn"]) }
    #expect(
      arena.exported().map { "\($0.name) \($0.tensor.shape) \($0.type.rawValue)" } == [
        "bn.bias [1] F32", "bn.num_batches_tracked [] I64", "bn.running_mean [1] F32",
        "bn.running_var [1] F32", "bn.weight [1] F32",
      ])
    // Mean 2.5, unbiased variance 5/3.
    _ = try layer(Tensor([1, 2, 3, 4], shape: [4, 1]), alone(training: true, samples: 4))
    expectNear(layer.runningMean.value.elements, [0.25], within: 1e-6)
    expectNear(layer.runningVariance.value.elements, [0.9 + 0.5 / 3], within: 1e-6)
    #expect(layer.batchesTracked.value.scalar == 1)
    let y = try layer(Tensor([0.25], shape: [1, 1]), alone()).elements
    expectNear(y, [0], within: 1e-6)
  }

  @Test func `sees earlier calls of the same step, and writes nothing in a virtual pass`() throws {
    let (layer, _) = built { BatchNorm(1, in: &$0) }
    let x = Tensor([1, 3], shape: [2, 1])
    let thread = ReplicaThread()
    try thread.run {
      _ = try layer(x, alone(training: true))
      _ = try layer(x, alone(training: true))
      #expect(layer.batchesTracked.value.scalar == 2)
      try withValues([]) { _ = try layer(x, alone(training: true)) }
      #expect(layer.batchesTracked.value.scalar == 2)
    }
    #expect(layer.batchesTracked.value.scalar == 0)
  }

  @Test func `leaves everything alone when no replica has a row`() throws {
    let (layer, _) = built { BatchNorm(2, in: &$0) }
    let y = try layer(.zeros([0, 3, 3, 2]), alone(training: true, samples: 0))
    #expect(y.shape == [0, 3, 3, 2])
    #expect(layer.runningVariance.value.elements == [1, 1])
    #expect(layer.batchesTracked.value.scalar == 0)
  }
}
