import Layers
import Tensors
import TestSupport
import Testing

/// Our models on other libraries' weights give what those libraries give.
@Suite struct WeightGoldenTests {
  @Test func `CLIP is Hugging Face's`() throws {
    let golden = try WeightGolden.read("clip")
    let model = try loaded(golden, as: "clip") { scope in
      let image = CLIPVisionTransformer(
        imageSize: (16, 16), patch: 4, width: 24, depth: 2, heads: 3, hidden: 48, outputs: 12,
        activation: .quickGELU, in: &scope["visual"])
      let text = TextTransformer(
        vocabulary: 30, context: 8, width: 16, depth: 2, heads: 4, hidden: 40, outputs: 12,
        activation: .quickGELU, pooling: .token(29), in: &scope)
      return (image, text, scope.parameter("logit_scale", [], .zeros))
    }
    let texts = try golden.input("texts").indices
    let pass = alone(samples: 3)
    expectClose(try model.1.tokens(texts, pass), try golden.output("text tokens"), within: 1e-4)
    let text = try model.1(texts, pass)
    expectClose(text, try golden.output("text"), within: 1e-4)

    let images = WeightGolden.images([2, 16, 16, 3])
    var states = [try model.0.embedded(images, alone())]
    for block in model.0.blocks { states.append(try block(states[states.count - 1], alone())) }
    let stacked = concatenated(states.map { $0.reshaped([2, 1, 17, 24]) }, axis: 1)
    expectClose(stacked, try golden.output("image states"), within: 1e-4)
    let image = try model.0(images, alone())
    expectClose(image, try golden.output("image"), within: 1e-4)

    let logits = matmul(l2Normalized(image), l2Normalized(text).transposed) * exp(model.2.value)
    expectClose(logits, try golden.output("logits"), within: 1e-4)
  }

  @Test func `BERT is Hugging Face's`() throws {
    let golden = try WeightGolden.read("bert")
    let model = try loaded(golden, as: "bert") { Self.bert(in: &$0) }
    try expectEncoded(golden, model)
  }

  @Test func `RoBERTa is Hugging Face's`() throws {
    let golden = try WeightGolden.read("roberta")
    let model = try loaded(golden, as: "roberta") {
      BERT(
        vocabulary: 40, positions: 11, types: 1, width: 16, depth: 2, heads: 4, hidden: 40,
        places: .after(padding: 1), epsilon: 1e-5, in: &$0)
    }
    try expectEncoded(golden, model)
  }

  @Test func `timm's vision transformer is ours`() throws {
    let golden = try WeightGolden.read("timm-vit")
    let model = try loaded(golden, as: "timm-vit") {
      VisionTransformer(
        imageSize: (24, 16), patch: 8, width: 24, depth: 2, heads: 3, mlpRatio: 2, classes: 5,
        in: &$0)
    }
    let images = WeightGolden.images([2, 24, 16, 3])
    expectClose(try model.tokens(images, alone()), try golden.output("tokens"), within: 1e-4)
    expectClose(try model(images, alone()), try golden.output("logits"), within: 1e-4)
  }

  @Test func `timm's vision transformer without class token and biases is ours`() throws {
    let golden = try WeightGolden.read("timm-vit-mean")
    let model = try loaded(golden, as: "timm-vit") {
      VisionTransformer(
        imageSize: (16, 16), patch: 4, width: 16, depth: 2, heads: 4, bias: false, pooling: .mean,
        in: &$0)
    }
    let pooled = try model(WeightGolden.images([2, 16, 16, 3]), alone())
    expectClose(pooled, try golden.output("pooled"), within: 1e-4)
  }

  @Test(arguments: [
    ("timm-resnet", "timm-resnet", ResNet.Depth.resNet18, 4),
    ("timm-resnet-bottleneck", "timm-resnet", .init([1, 2, 1, 1], isBottleneck: true), 4),
    ("torchvision-resnet18", "torchvision-resnet", .resNet18, 10),
    ("torchvision-resnet50", "torchvision-resnet", .resNet50, 10),
  ])
  func `residual networks are ours`(
    name: String, as layout: String, depth: ResNet.Depth, classes: Int
  ) throws {
    let golden = try WeightGolden.read(name)
    let model = try loaded(golden, as: layout) { ResNet(depth, classes: classes, in: &$0) }
    let images = WeightGolden.images([2, 64, 64, 3])
    let map = try model.features(images, alone())[0]
    let every = { (count: Int, step: Int) in
      IntTensor(stride(from: 0, to: Int32(count), by: step).map { $0 })
    }
    let seen = map.gathered(axis: 1, every(map.shape[1], 3)).gathered(
      axis: 2, every(map.shape[2], 3)
    )
    .gathered(axis: 3, every(map.shape[3], 4))
    expectClose(seen, try golden.output("first stage"), within: 1e-4)
    expectClose(try model(images, alone()), try golden.output("logits"), within: 1e-4)
  }

  @Test func `a file of Hugging Face's own is read: in shards, half precision, with other heads`()
    throws
  {
    let golden = try WeightGolden.read("shards")
    for name in ["shards", "shards/model.safetensors.index.json"] {
      let files = try WeightFiles(path: "\(WeightGolden.folder)/\(name)")
      let conversion = try layout("bert").imported(files)
      #expect(conversion.prefix == "bert.")
      #expect(conversion.widened == ["BF16": 39])
      #expect(conversion.leftOut.map(\.name).allSatisfy { $0.hasPrefix("cls.") })
      #expect(
        conversion.leftOut.contains {
          $0.name == "cls.seq_relationship.weight" && $0.shape == [2, 16]
        })
      let (model, arena) = built { Self.bert(in: &$0) }
      try load(conversion.items, into: arena)
      try expectEncoded(golden, model)
    }
  }

  @Test(arguments: [(7, 7), (3, 3), (2, 9), (5, 4)])
  func `positions are resampled as timm does`(rows: Int, columns: Int) throws {
    let golden = try WeightGolden.read("positions")
    let (_, arena) = built {
      VisionTransformer(imageSize: (8, 8), patch: 2, width: 6, depth: 1, heads: 1, in: &$0)
    }
    var file = arena.exported()
    let place = try #require(file.firstIndex { $0.name == "pos_embed" })
    file[place].tensor = WeightGolden.filled("positions", [1, 17, 6])
    try withTemporaryFile { path in
      try Safetensors.write(file, to: path)
      let conversion = try layout("timm-vit").imported(
        WeightFiles(path: path), into: "a.b", imageSize: (2 * rows, 2 * columns))
      let table = try #require(conversion.items.first { $0.name == "a.b.pos_embed" })
      expectClose(table.tensor, try golden.output("\(rows)x\(columns)"), within: 1e-5)
      #expect(conversion.resampled?.from == [4, 4])
      #expect(conversion.resampled?.to == [rows, columns])
    }
  }

  // MARK: - Building

  private static func bert(in scope: inout Scope) -> BERT {
    BERT(
      vocabulary: 40, positions: 12, width: 16, depth: 2, heads: 4, hidden: 40, in: &scope)
  }

  private func expectEncoded(_ golden: WeightGolden, _ model: BERT) throws {
    let texts = try golden.input("texts").indices
    let tokens = try model.tokens(
      texts, isReal: golden.input("real").bytes, kinds: golden.inputs["kinds"]?.indices,
      alone(samples: texts.shape[0]))
    expectClose(tokens, try golden.output("tokens"), within: 1e-4)
    expectClose(model.pooled(tokens), try golden.output("pooled"), within: 1e-4)
  }

  /// A model of ours with the golden file's weights, which go out again as they came in.
  private func loaded<Model>(
    _ golden: WeightGolden, as name: String, _ make: (inout Scope) -> Model
  ) throws -> Model {
    let layout = try layout(name)
    let file = golden.file
    let (model, arena) = built(make)
    try withTemporaryFile { path in
      try Safetensors.write(file, metadata: layout.metadata, to: path)
      let theirs = try bytes(of: path)
      let conversion = try layout.imported(WeightFiles(path: path))
      #expect(conversion.leftOut.isEmpty && conversion.widened.isEmpty)
      try load(conversion.items, into: arena)

      try Safetensors.write(arena.exported(), to: path)
      let back = try layout.exported(WeightFiles(path: path))
      try Safetensors.write(back.items, metadata: layout.metadata, to: path)
      #expect(try bytes(of: path) == theirs, "a round trip is the identity")
    }
    return model
  }

  /// All of a model's entries, and nothing else.
  private func load(_ items: [Safetensors.Item], into arena: Arena) throws {
    try withTemporaryFile { path in
      try Safetensors.write(items, to: path)
      let report = try arena.load(from: SafetensorsFile(path: path))
      #expect(report.isComplete, "\(report)")
    }
  }
}
