import Collectives
import Layers
import Tensors
import TestSupport
import Testing

@Suite struct VNetTests {
  @Test func `has the published code's parameters and names`() {
    let (_, arena) = declared { VNet(in: &$0) }
    #expect(arena.parameterCount == 9_448_866)
    let (_, small) = built { VNet(filters: 2, in: &$0) }
    let names = small.exportedShapes.filter { !$0.contains("running") && !$0.contains("num_") }
    for name in [
      "block_one.conv.0.weight [2, 1, 3, 3, 3]", "block_one.conv.1.weight [2]",
      "block_one_dw.conv.0.weight [4, 2, 2, 2, 2]", "block_two.conv.3.weight [4, 4, 3, 3, 3]",
      "block_five.conv.6.bias [32]", "block_five_up.conv.0.weight [32, 16, 2, 2, 2]",
      "block_five_up.conv.1.bias [16]", "block_eight.conv.4.weight [4]",
      "block_eight_up.conv.0.bias [2]", "block_nine.conv.0.weight [2, 2, 3, 3, 3]",
      "out_conv.weight [1, 2, 1, 1, 1]", "out_conv2.bias [1]",
    ] {
      #expect(names.contains(name), "\(name)")
    }
  }

  @Test func `both heads have the input's size, and no samples are legal`() throws {
    let (model, _) = built { VNet(filters: 2, in: &$0) }
    let features = try model.features(normal([2, 32, 16, 16, 1], 1), alone(training: true))
    #expect(features.shape == [2, 32, 16, 16, 2])
    #expect(model.logits(features).shape == [2, 32, 16, 16, 1])
    let levelSet = model.levelSet(features)
    #expect(levelSet.elements.allSatisfy { abs($0) < 1 })
    let none = try model.features(
      .zeros([0, 16, 16, 16, 1]), alone(training: true, samples: 0))
    #expect(none.shape == [0, 16, 16, 16, 2])
  }

  /// Dropped are whole channels of a sample, the same for both heads, and none in evaluation.
  @Test func `drops whole channels in training alone`() throws {
    let (model, _) = built { VNet(filters: 8, in: &$0) }
    let x = normal([4, 16, 16, 16, 1], 1)
    let features = try model.features(x, alone(training: true, samples: 4))
    var dropped = 0
    for sample in 0..<4 {
      for channel in 0..<8 {
        let values = (0..<4096).map { features.elements[(sample * 4096 + $0) * 8 + channel] }
        if values.allSatisfy({ $0 == 0 }) { dropped += 1 }
      }
    }
    #expect((6...26).contains(dropped), "\(dropped) of 32")
    let evaluated = try model.features(x, alone())
    let again = try model.features(x, alone())
    #expect(evaluated.elements == again.elements)
  }

  @Test func `channel dropout is keyed by sample and keeps the mean`() throws {
    let (layer, _) = built { ChannelDropout(0.5, in: &$0["dropout"]) }
    let x = Tensor.ones([2, 3, 3, 3, 64])
    func pass(_ slots: [Int]) -> Forward {
      Forward(
        isTraining: true, exchange: soloExchange(), key: RandomKey(seed: 5), slots: slots)
    }
    let both = try layer(x, pass([0, 1]))
    let second = try layer(x.rows(0..<1), pass([1]))
    #expect(both.rows(1..<2).elements == second.elements)
    #expect(Set(both.elements) == [0, 2])
    #expect(both.rows(0..<1).elements != second.elements)
    #expect(try layer(x, alone()).elements == x.elements)
  }

  /// Through halving, enlarging and adding skips, by differences.
  @Test func `has the right gradients`() throws {
    let (model, arena) = built { VNet(filters: 1, dropout: 0, in: &$0) }
    let x = normal([2, 16, 16, 16, 1], 1)
    let parameters = Scope(arena).parameters.filter {
      ["block_three.conv.3.weight", "block_six_up.conv.0.weight", "block_two_dw.conv.0.weight"]
        .contains($0.name)
    }
    #expect(parameters.count == 3)
    let pass = { alone() }
    func output() throws -> Tensor {
      let features = try model.features(x, pass())
      return (model.logits(features) + model.levelSet(features)).mean(axes: [1, 2, 3])
    }
    try checkGradient(
      at: parameters.map { Tensor(Array($0.value.elements), shape: $0.shape) }, step: 1e-2,
      within: 2e-2
    ) { values in
      try withValues(Array(zip(parameters, values))) { try output() }
    }
  }
}
