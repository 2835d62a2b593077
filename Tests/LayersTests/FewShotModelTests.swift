import Collectives
import Layers
import Tensors
import TestSupport
import Testing

/// Conv-4, ResNet-12 and what the latter drops.
@Suite struct FewShotModelTests {
  @Test func `Conv4 halves the size as often as it pools`() throws {
    let (model, arena) = built { Conv4(width: 6, in: &$0) }
    #expect(try model(normal([2, 84, 84, 3], 1), alone()).shape == [2, 5, 5, 6])
    let (three, _) = built { Conv4(width: 6, pools: 3, in: &$0) }
    #expect(try three(normal([2, 42, 42, 3], 1), alone()).shape == [2, 5, 5, 6])
    #expect(try three(normal([0, 42, 42, 3], 1), alone(training: true, samples: 0)).shape[0] == 0)
    #expect(
      arena.exportedShapes.filter { $0.hasPrefix("layers.3.") } == [
        "layers.3.layers.0.bias [6]", "layers.3.layers.0.weight [6, 6, 3, 3]",
        "layers.3.layers.1.bias [6]", "layers.3.layers.1.num_batches_tracked []",
        "layers.3.layers.1.running_mean [6]", "layers.3.layers.1.running_var [6]",
        "layers.3.layers.1.weight [6]",
      ])
  }

  @Test func `ResNet12 has the paper's widths and names`() throws {
    let (model, arena) = built { ResNet12(width: 4, in: &$0) }
    #expect(model.channels == 40)
    let y = try model(normal([2, 84, 84, 3], 1), alone(training: true))
    #expect(y.shape == [2, 5, 5, 40])
    #expect(
      arena.exportedShapes.filter { $0.contains("layer2.0") && $0.contains("weight") } == [
        "layer2.0.bn1.weight [10]", "layer2.0.bn2.weight [10]", "layer2.0.bn3.weight [10]",
        "layer2.0.conv1.weight [10, 4, 3, 3]", "layer2.0.conv2.weight [10, 10, 3, 3]",
        "layer2.0.conv3.weight [10, 10, 3, 3]", "layer2.0.downsample.0.weight [10, 4, 1, 1]",
        "layer2.0.downsample.1.weight [10]",
      ])
    // 12.4 million, as Lee et al. report it.
    let (_, whole) = declared { ResNet12(in: &$0) }
    #expect(whole.parameterCount == 12_424_320)
  }

  @Test func `DropBlock drops whole patches and keeps the mean`() throws {
    let (layer, _) = built { DropBlock(0.5, size: 3, rampSteps: 1, in: &$0) }
    let x = Tensor.ones([40, 8, 8, 5])
    let y = try layer(x, alone(training: true, samples: 40))
    let values = Set(y.elements)
    #expect(values.count == 2 && values.contains(0))
    #expect(abs(y.elements.reduce(0, +) / Float(x.count) - 1) < 1e-4)
    let share = Double(y.elements.count { $0 == 0 }) / Double(x.count)
    // γ = 0.5 / 9 · 64 / 36: patches overlap, so that less than half goes.
    #expect(share > 0.3 && share < 0.5)
    // Every zero lies in a patch of zeros.
    let zeros = select(equal(y, 0), 1, 0)
    let corners = -maxPool(-zeros, kernel: 3, stride: 1)
    let patches = maxPool(
      corners.padded(before: [0, 2, 2, 0], after: [0, 2, 2, 0]), kernel: 3, stride: 1)
    #expect(patches.elements == zeros.elements)
    #expect(try layer(x, alone()).elements == x.elements)
  }

  @Test func `DropBlock's rate rises with the passes`() throws {
    let (layer, arena) = built { DropBlock(0.9, size: 2, rampSteps: 10, callsPerStep: 5, in: &$0) }
    let x = Tensor.ones([30, 6, 6, 4])
    let shares = try (0..<3).map { _ in
      Double(try layer(x, alone(training: true, samples: 30)).elements.count { $0 == 0 })
    }
    #expect(shares[0] > 0 && shares[1] > 1.3 * shares[0])
    #expect(abs(shares[2] / shares[1] - 1) < 0.1)
    let index = try #require(arena.index(named: "calls"))
    #expect(arena.value(at: index).scalar == 15)
  }

  @Test(arguments: [[1, 5], [3, 3], [6, 0]])
  func `DropBlock does not depend on the split`(counts: [Int]) throws {
    let (layer, _) = built { DropBlock(0.6, size: 2, rampSteps: 1, in: &$0) }
    let (other, _) = built { DropBlock(0.6, size: 2, rampSteps: 1, in: &$0) }
    let x = normal([6, 5, 5, 3], 2)
    let whole = try layer(x, alone(training: true, samples: 6))
    let parts = try TestCluster(replicas: 2, borders: []).run { exchange -> [Float] in
      let start = exchange.replica == 0 ? 0 : counts[0]
      let range = start..<start + counts[exchange.replica]
      let pass = Forward(
        isTraining: true, exchange: exchange, key: RandomKey(seed: 5), slots: Array(range))
      return try ReplicaThread().run { try other(x.rows(range), pass).elements }
    }
    #expect(parts.flatMap { $0 } == whole.elements)
  }

  @Test func `DropBlock passes the gradient of what it keeps`() throws {
    try checkGradient(at: [normal([2, 4, 4, 2], 3)]) { inputs in
      let (layer, _) = built { DropBlock(0.6, size: 2, rampSteps: 1, in: &$0) }
      return try layer(inputs[0], alone(training: true))
    }
  }
}
