import Glibc
import Layers
import TestSupport
import Tensors
import Testing

@Suite struct LinearTests {
  @Test func `is x times the transposed weight plus bias`() throws {
    let (layer, arena) = built { Linear(3, 2, in: &$0["fc"]) }
    #expect(arena.exportedShapes == ["fc.bias [2]", "fc.weight [2, 3]"])
    arena.write(Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]), at: layer.weight.index)
    arena.write(Tensor([10, 20]), at: try #require(layer.bias).index)
    #expect(layer(Tensor([1, 0, -1], shape: [1, 1, 3])).elements == [8, 18])
    #expect(layer(Tensor.zeros([0, 3])).shape == [0, 2])
  }

  @Test func `has the right gradients`() throws {
    let (layer, arena) = built { Linear(3, 2, in: &$0) }
    try checkGradients(arena, at: normal([2, 2, 3], 2), second: true) { layer($0) }
  }

  @Test func `keeps a flattened map's columns in the ecosystem's order in files`() throws {
    let (layer, arena) = built {
      Linear(12, 1, bias: false, afterFlatten: (height: 2, width: 3, channels: 2), in: &$0)
    }
    arena.write(Tensor((0..<12).map { Float($0) }, shape: [1, 12]), at: layer.weight.index)
    #expect(arena.exported()[0].tensor.elements == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11])
  }

  @Test func `begins uniform within one over the root of its inputs`() throws {
    let (layer, _) = built { Linear(16, 64, in: &$0) }
    let values = layer.weight.value.elements
    #expect(values.allSatisfy { abs($0) <= 0.25 })
    #expect(values.contains { abs($0) > 0.24 })
    let square = values.map { $0 * $0 }.reduce(0, +) / Float(values.count)
    #expect(abs(square - 0.0625 / 3) < 2e-3)
  }
}

@Suite struct ConvolutionLayerTests {
  @Test func `has the ecosystem's shapes in one to three dimensions`() throws {
    let (_, arena) = built { scope in
      _ = Convolution(4, 6, kernel: 3, dimensions: 1, in: &scope["a"])
      _ = Convolution(4, 6, kernel: [3, 5], groups: 2, bias: false, in: &scope["b"])
      _ = Convolution(4, 6, kernel: 2, dimensions: 3, bias: false, in: &scope["c"])
      _ = TransposedConvolution(4, 6, kernel: 2, stride: 2, in: &scope["d"])
    }
    #expect(
      arena.exportedShapes == [
        "a.bias [6]", "a.weight [6, 4, 3]", "b.weight [6, 2, 3, 5]", "c.weight [6, 4, 2, 2, 2]",
        "d.bias [6]", "d.weight [4, 6, 2, 2]",
      ])
  }

  @Test func `has the right gradients`() throws {
    let (layer, arena) = built {
      Convolution(2, 4, kernel: 3, stride: 2, padding: 1, groups: 2, in: &$0)
    }
    try checkGradients(arena, at: normal([1, 5, 4, 2], 2)) { layer($0) }
    let (enlarging, other) = built {
      TransposedConvolution(2, 3, kernel: 3, stride: 2, padding: 1, outputPadding: 1, in: &$0)
    }
    #expect(enlarging(normal([1, 3, 3, 2], 4)).shape == [1, 6, 6, 3])
    try checkGradients(other, at: normal([1, 2, 2, 2], 3)) { enlarging($0) }
  }
}

@Suite struct NormLayerTests {
  @Test func `layer norm gives rows of mean 0 and variance 1`() throws {
    let (layer, arena) = built { LayerNorm(4, in: &$0["norm"]) }
    #expect(arena.exportedShapes == ["norm.bias [4]", "norm.weight [4]"])
    let s = Float(1.25).squareRoot()
    expectClose(
      layer(Tensor([1, 2, 3, 4], shape: [1, 4])),
      Tensor([-1.5 / s, -0.5 / s, 0.5 / s, 1.5 / s], shape: [1, 4]), within: 1e-4)
    try checkGradients(arena, at: normal([3, 4], 1)) { layer($0) }
  }

  @Test func `group and instance norm agree where they must`() throws {
    let (group, arena) = built { GroupNorm(4, 4, in: &$0) }
    let (instance, _) = built { InstanceNorm(4, in: &$0) }
    let x = normal([2, 3, 2, 4], 2)
    expectClose(group(x), instance(x))
    try checkGradients(arena, at: normal([2, 3, 2, 4], 3)) { group($0) }
  }
}

@Suite struct EmbeddingTests {
  @Test func `takes rows and adds up the gradients of repeated ones`() throws {
    let (layer, arena) = built { Embedding(5, 2, in: &$0["token_embedding"]) }
    #expect(arena.exportedShapes == ["token_embedding.weight [5, 2]"])
    let indices = IntTensor([3, 0, 3], shape: [1, 3])
    let table = layer.weight.value.elements
    #expect(layer(indices).elements == [6, 7, 0, 1, 6, 7].map { table[$0] })
    let gradient = try withTape {
      try gradients(of: layer(indices).sum(), over: [layer.weight.value])[0]
    }
    #expect(gradient.elements == [1, 1, 0, 0, 0, 0, 2, 2, 0, 0])
  }
}

@Suite struct DropoutLayerTests {
  @Test func `is keyed by sample, call and name, and off in evaluation`() throws {
    let (layer, _) = built { Dropout(0.5, in: &$0["drop"]) }
    let x = Tensor.ones([4, 64])
    let whole = alone(training: true, samples: 4)
    let first = try layer(x, whole)
    #expect(try layer(x, whole).elements != first.elements)
    #expect(first.elements.allSatisfy { $0 == 0 || $0 == 2 })
    #expect(try layer(x, alone()).elements == x.elements)
    let last = Forward(
      isTraining: true, exchange: whole.exchange, key: whole.key, slots: [3])
    #expect(try layer(.ones([1, 64]), last).elements == Array(first.elements[192...]))
  }

  @Test func `leaves out whole samples on a path`() throws {
    let (layer, _) = built { DropPath(0.25, in: &$0["drop_path1"]) }
    let y = try layer(.ones([64, 3, 2]), alone(training: true, samples: 64)).elements
    let samples = stride(from: 0, to: y.count, by: 6).map { Array(y[$0..<$0 + 6]) }
    #expect(samples.allSatisfy { Set($0).count == 1 && [0, 4 / 3].contains($0[0]) })
    let dropped = samples.count { $0[0] == 0 }
    #expect((6...28).contains(dropped))
  }
}

@Suite struct AttentionLayerTests {
  @Test func `names the parts as torch, timm and Hugging Face's BERT`() throws {
    let (_, arena) = built { scope in
      _ = MultiHeadAttention(4, heads: 2, names: .torch, in: &scope["a"])
      _ = MultiHeadAttention(4, heads: 2, names: .timm, in: &scope["b"])
      _ = MultiHeadAttention(4, heads: 2, names: .bert, in: &scope["c"])
    }
    #expect(
      arena.exportedShapes == [
        "a.in_proj_bias [12]", "a.in_proj_weight [12, 4]", "a.out_proj.bias [4]",
        "a.out_proj.weight [4, 4]", "b.proj.bias [4]", "b.proj.weight [4, 4]", "b.qkv.bias [12]",
        "b.qkv.weight [12, 4]", "c.output.dense.bias [4]", "c.output.dense.weight [4, 4]",
        "c.self.key.bias [4]", "c.self.key.weight [4, 4]", "c.self.query.bias [4]",
        "c.self.query.weight [4, 4]", "c.self.value.bias [4]", "c.self.value.weight [4, 4]",
      ])
  }

  @Test(arguments: [MultiHeadAttention.Names.torch, .bert])
  func `attends to itself as to a context that is the same`(names: MultiHeadAttention.Names) throws
  {
    let (layer, arena) = built { MultiHeadAttention(4, heads: 2, names: names, in: &$0) }
    let x = normal([2, 3, 4], 2)
    expectClose(
      try layer(x, context: x, mask: nil, alone()), try layer(x, alone()), within: 1e-6)
    try checkGradients(arena, at: x) { try layer($0, alone()) }
    let context = normal([2, 5, 4], 3)
    try checkGradients(arena, at: x) { try layer($0, context: context, mask: nil, alone()) }
  }

  /// softmax(q kᵀ / √d) v by loops, with torch's order: rows of the packed weight are queries, keys,
  /// values, within each the heads one after another.
  @Test func `computes what torch's documentation says`() throws {
    let (width, heads, length) = (6, 2, 3)
    let (layer, arena) = built { MultiHeadAttention(width, heads: heads, in: &$0) }
    arena.fillWithNormals()
    let weight = try #require(layer.packedWeight).value.elements
    let bias = try #require(layer.packedBias).value.elements
    let x = normal([1, length, width], 4)
    func projected(_ part: Int, _ token: Int, _ channel: Int) -> Double {
      let row = part * width + channel
      return (0..<width).reduce(Double(bias[row])) {
        $0 + Double(x.elements[token * width + $1]) * Double(weight[row * width + $1])
      }
    }
    let size = width / heads
    var joined = [Float](repeating: 0, count: length * width)
    for head in 0..<heads {
      let channels = head * size..<(head + 1) * size
      for query in 0..<length {
        let scores = (0..<length).map { key in
          let dot = channels.map { projected(0, query, $0) * projected(1, key, $0) }.reduce(0, +)
          return Glibc.exp(dot / Double(size).squareRoot())
        }
        for channel in channels {
          let mixed = (0..<length).map { scores[$0] * projected(2, $0, channel) }.reduce(0, +)
          joined[query * width + channel] = Float(mixed / scores.reduce(0, +))
        }
      }
    }
    let expected = layer.output(Tensor(joined, shape: [1, length, width]))
    expectClose(try layer(x, alone(samples: 1)), expected)
  }

  @Test func `sees nothing later when causal`() throws {
    let (layer, _) = built { MultiHeadAttention(4, heads: 2, isCausal: true, in: &$0) }
    let x = normal([1, 4, 4], 2)
    var changed = x.elements
    changed[13] += 1
    let before = try layer(x, alone()).elements
    let after = try layer(Tensor(changed, shape: [1, 4, 4]), alone()).elements
    #expect(Array(before[..<12]) == Array(after[..<12]))
    #expect(before != after)
  }

  @Test func `shows the scores that its softmax is taken of`() throws {
    let (layer, arena) = built { MultiHeadAttention(4, heads: 2, in: &$0) }
    arena.fillWithNormals()
    let x = normal([2, 3, 4], 2)
    let scores = layer.scores(x)
    #expect(scores.shape == [2, 2, 3, 3])
    let weight = try #require(layer.packedWeight).value.elements
    let bias = try #require(layer.packedBias).value.elements
    func projected(_ row: Int, _ token: Int) -> Float {
      (0..<4).reduce(bias[row]) { $0 + x.elements[token * 4 + $1] * weight[row * 4 + $1] }
    }
    // Sample 1, head 1, query 2, key 0.
    let dot = (2..<4).map { projected($0, 5) * projected(4 + $0, 3) }.reduce(0, +)
    #expect(abs(scores.elements[((1 * 2 + 1) * 3 + 2) * 3] - dot / Float(2).squareRoot()) < 1e-5)
  }

  @Test(arguments: [true, false])
  func `drops its weights, keyed by sample`(isCausal: Bool) throws {
    func layer(_ rate: Float) -> MultiHeadAttention {
      built {
        MultiHeadAttention(
          4, heads: 2, isCausal: isCausal, weightDropout: rate, initial: .normal(deviation: 1),
          in: &$0)
      }.0
    }
    let x = normal([3, 5, 4], 2)
    let mask = Tensor([0, 0, 0, -.infinity, 0], shape: [1, 1, 1, 5])
    let pass = alone(training: true, samples: 3)
    // So small a rate drops nothing, and what is left must be the attention itself.
    expectClose(
      try layer(1e-9)(x, context: nil, mask: mask, pass),
      try layer(0)(x, context: nil, mask: mask, pass), within: 1e-5)
    let whole = alone(training: true, samples: 3)
    let dropped = try layer(0.5)(x, whole)
    #expect(try layer(0.5)(x, alone(samples: 3)).elements == layer(0)(x, pass).elements)
    #expect(try layer(0)(x, pass).elements != dropped.elements)
    let last = Forward(isTraining: true, exchange: whole.exchange, key: whole.key, slots: [2])
    expectClose(
      try layer(0.5)(x.sliced(axis: 0, 2..<3), last), dropped.sliced(axis: 0, 2..<3), within: 1e-5)
  }
}

@Suite struct TransformerBlockTests {
  @Test(arguments: [TransformerBlock.Names.timm, .clip, .bert])
  func `has the right gradients`(names: TransformerBlock.Names) throws {
    let (block, arena) = built {
      TransformerBlock(4, heads: 2, depth: 1, mlpRatio: 2, epsilon: 1e-5, names: names, in: &$0)
    }
    arena.fillWithNormals()
    try checkGradients(arena, at: normal([1, 3, 4], 2), within: 4e-2) { try block($0, alone()) }
  }
}

@Suite struct ProjectionHeadTests {
  @Test func `gives rows of unit length`() throws {
    let (head, arena) = built { scope in
      _ = ProjectionHead(6, 3, normalization: .batch, in: &scope["b"])
      return ProjectionHead(6, 3, hidden: 5, in: &scope["a"])
    }
    let y = try head(normal([4, 6], 2), alone())
    expectClose((y * y).sum(axes: [1]), .ones([4]))
    #expect(
      arena.exported().map(\.name) == [
        "a.0.bias", "a.0.weight", "a.2.bias", "a.2.weight", "b.0.bias", "b.0.weight", "b.1.bias",
        "b.1.num_batches_tracked", "b.1.running_mean", "b.1.running_var", "b.1.weight", "b.3.bias",
        "b.3.weight",
      ])
  }
}
