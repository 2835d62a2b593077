import Layers
import TestSupport
import Tensors
import Testing

@Suite struct VisionTransformerTests {
  @Test func `has as many parameters as published`() {
    let (_, small) = declared {
      VisionTransformer(
        imageSize: (224, 224), patch: 16, width: 384, depth: 12, heads: 6, classes: 1000, in: &$0)
    }
    #expect(small.parameterCount == 22_050_664)  // timm vit_small_patch16_224
  }

  @Test func `has timm's names and shapes`() {
    let (_, arena) = built {
      VisionTransformer(
        imageSize: (8, 4), patch: 2, width: 4, depth: 1, heads: 2, classes: 3, in: &$0["visual"])
    }
    #expect(
      arena.exportedShapes == [
        "visual.blocks.0.attn.proj.bias [4]", "visual.blocks.0.attn.proj.weight [4, 4]",
        "visual.blocks.0.attn.qkv.bias [12]", "visual.blocks.0.attn.qkv.weight [12, 4]",
        "visual.blocks.0.mlp.fc1.bias [16]", "visual.blocks.0.mlp.fc1.weight [16, 4]",
        "visual.blocks.0.mlp.fc2.bias [4]", "visual.blocks.0.mlp.fc2.weight [4, 16]",
        "visual.blocks.0.norm1.bias [4]", "visual.blocks.0.norm1.weight [4]",
        "visual.blocks.0.norm2.bias [4]", "visual.blocks.0.norm2.weight [4]",
        "visual.cls_token [1, 1, 4]", "visual.head.bias [3]", "visual.head.weight [3, 4]",
        "visual.norm.bias [4]", "visual.norm.weight [4]", "visual.patch_embed.proj.bias [4]",
        "visual.patch_embed.proj.weight [4, 3, 2, 2]", "visual.pos_embed [1, 9, 4]",
      ])
  }

  @Test(arguments: [VisionTransformer.Pooling.classToken, .mean])
  func `has the right gradients, also at another size`(pooling: VisionTransformer.Pooling) throws {
    let (model, arena) = built {
      VisionTransformer(
        imageSize: (4, 4), patch: 2, width: 4, depth: 1, heads: 2, mlpRatio: 1, channels: 1,
        classes: 2, pooling: pooling, in: &$0)
    }
    arena.fillWithNormals()
    try checkGradients(arena, at: normal([1, 4, 4, 1], 2), within: 5e-2) {
      try model($0, alone(samples: 1))
    }
    try checkGradients(arena, at: normal([1, 6, 4, 1], 2), within: 5e-2) {
      try model($0, alone(samples: 1))
    }
    #expect(try model.features(normal([3, 6, 4, 1], 3), alone(samples: 3)).shape == [3, 3, 2, 4])
    #expect(try model(.zeros([0, 4, 4, 1]), alone(samples: 0)).shape == [0, 2])
  }

  @Test func `gives a sample the same row with dropped paths, whoever holds it`() throws {
    let (model, arena) = built {
      VisionTransformer(
        imageSize: (4, 4), patch: 2, width: 4, depth: 3, heads: 2, dropout: 0.2, dropPath: 0.5,
        in: &$0)
    }
    arena.fillWithNormals()
    let x = normal([4, 4, 4, 3], 2)
    let whole = try model(x, alone(training: true, samples: 4))
    let solo = alone(training: true, samples: 1)
    let last = Forward(isTraining: true, exchange: solo.exchange, key: solo.key, slots: [3])
    expectClose(
      try model(x.sliced(axis: 0, 3..<4), last), whole.sliced(axis: 0, 3..<4), within: 1e-5)
  }
}

@Suite struct CLIPVisionTransformerTests {
  @Test func `has as many parameters as published`() {
    let (_, arena) = declared {
      CLIPVisionTransformer(
        imageSize: (224, 224), patch: 32, width: 768, depth: 12, heads: 12, outputs: 512, in: &$0)
    }
    #expect(arena.parameterCount == 87_849_216)  // ViT-B/32
  }

  @Test func `has OpenCLIP's names and shapes and the right gradients`() throws {
    let (model, arena) = built {
      CLIPVisionTransformer(
        imageSize: (4, 2), patch: 2, width: 4, depth: 1, heads: 2, outputs: 3, channels: 1, in: &$0)
    }
    #expect(
      arena.exportedShapes.filter { !$0.hasPrefix("transformer.") } == [
        "class_embedding [4]", "conv1.weight [4, 1, 2, 2]", "ln_post.bias [4]",
        "ln_post.weight [4]", "ln_pre.bias [4]", "ln_pre.weight [4]",
        "positional_embedding [3, 4]", "proj [4, 3]",
      ])
    #expect(arena.index(named: "transformer.resblocks.0.attn.in_proj_weight") != nil)
    arena.fillWithNormals()
    try checkGradients(arena, at: normal([1, 4, 2, 1], 2), within: 5e-2) {
      try model($0, alone(samples: 1))
    }
    #expect(try model(normal([2, 6, 4, 1], 2), alone()).shape == [2, 3])
  }
}

@Suite struct TextTransformerTests {
  @Test func `has as many parameters as published`() {
    let (_, arena) = declared {
      TextTransformer(
        vocabulary: 49408, context: 77, width: 512, depth: 12, heads: 8, outputs: 512, in: &$0)
    }
    #expect(arena.parameterCount == 63_428_096)  // CLIP ViT-B/32: 151,277,313 − 87,849,216 − 1
  }

  @Test func `has OpenCLIP's names and shapes`() {
    let (_, arena) = built {
      TextTransformer(
        vocabulary: 7, context: 5, width: 4, depth: 1, heads: 2, outputs: 3, in: &$0)
    }
    #expect(
      arena.exportedShapes == [
        "ln_final.bias [4]", "ln_final.weight [4]", "positional_embedding [5, 4]",
        "text_projection [4, 3]", "token_embedding.weight [7, 4]",
        "transformer.resblocks.0.attn.in_proj_bias [12]",
        "transformer.resblocks.0.attn.in_proj_weight [12, 4]",
        "transformer.resblocks.0.attn.out_proj.bias [4]",
        "transformer.resblocks.0.attn.out_proj.weight [4, 4]",
        "transformer.resblocks.0.ln_1.bias [4]", "transformer.resblocks.0.ln_1.weight [4]",
        "transformer.resblocks.0.ln_2.bias [4]", "transformer.resblocks.0.ln_2.weight [4]",
        "transformer.resblocks.0.mlp.c_fc.bias [16]",
        "transformer.resblocks.0.mlp.c_fc.weight [16, 4]",
        "transformer.resblocks.0.mlp.c_proj.bias [4]",
        "transformer.resblocks.0.mlp.c_proj.weight [4, 16]",
      ])
  }

  @Test func `ignores what comes after the end of a text`() throws {
    let (model, _) = built {
      TextTransformer(
        vocabulary: 9, context: 6, width: 4, depth: 2, heads: 2, outputs: 3, in: &$0)
    }
    let (named, _) = built {
      TextTransformer(
        vocabulary: 9, context: 6, width: 4, depth: 2, heads: 2, outputs: 3, pooling: .token(8),
        in: &$0)
    }
    let padded = IntTensor([1, 2, 8, 0, 0, 3, 8, 5, 7, 1], shape: [2, 5])
    let other = IntTensor([1, 2, 8, 4, 1, 3, 8, 0, 0, 0], shape: [2, 5])
    let y = try model(padded, alone())
    #expect(y.shape == [2, 3])
    #expect(try model(other, alone()).elements == y.elements)
    #expect(try named(padded, alone()).elements == y.elements)
  }

  @Test func `has the right gradients`() throws {
    let (model, arena) = built {
      TextTransformer(
        vocabulary: 4, context: 3, width: 4, depth: 1, heads: 2, outputs: 2, in: &$0)
    }
    arena.fillWithNormals()
    let texts = IntTensor([1, 3, 0, 2, 1, 3], shape: [2, 3])
    try checkGradients(arena, at: Tensor([1]), within: 5e-2) {
      try model(texts, alone()) * $0.reshaped([])
    }
  }
}

@Suite struct BERTTests {
  @Test func `has as many parameters as published`() {
    let (_, base) = declared {
      BERT(vocabulary: 30522, positions: 512, width: 768, depth: 12, heads: 12, in: &$0)
    }
    #expect(base.parameterCount == 109_482_240)  // bert-base-uncased
    let (_, roberta) = declared {
      BERT(
        vocabulary: 50265, positions: 514, types: 1, width: 768, depth: 12, heads: 12,
        places: .after(padding: 1), in: &$0)
    }
    #expect(roberta.parameterCount == 124_645_632)  // roberta-base
  }

  @Test func `has the right gradients`() throws {
    let (model, arena) = built {
      BERT(vocabulary: 5, positions: 4, width: 4, depth: 1, heads: 2, hidden: 6, in: &$0)
    }
    arena.fillWithNormals()
    let texts = IntTensor([1, 3, 2, 4, 1, 0], shape: [2, 3])
    let isReal = ByteTensor([1, 1, 1, 1, 1, 0], shape: [2, 3])
    let kinds = IntTensor([0, 1, 1, 0, 0, 0], shape: [2, 3])
    let pass = alone()
    try checkGradients(arena, at: Tensor([1]), within: 5e-2) {
      try model.pooled(model.tokens(texts, isReal: isReal, kinds: kinds, pass))
        * $0.reshaped([])
    }
    // The words' rows may be given, as methods do that change them.
    let words = model.words(texts)
    #expect(
      try model.tokens(texts, isReal: isReal, embedded: words, pass).elements
        == model.tokens(texts, isReal: isReal, pass).elements)
    try checkGradients(arena, at: words, within: 5e-2) {
      try model.tokens(texts, isReal: isReal, embedded: $0, pass)
    }
  }

  @Test(arguments: [BERT.Places.fromZero, .after(padding: 0)])
  func `does not see padding`(places: BERT.Places) throws {
    let (model, arena) = built {
      BERT(
        vocabulary: 6, positions: 9, width: 4, depth: 2, heads: 2, places: places, in: &$0)
    }
    arena.fillWithNormals()
    let short = try model.tokens(IntTensor([1, 4, 5], shape: [1, 3]), alone(samples: 1))
    let padded = try model.tokens(
      IntTensor([1, 4, 5, 0, 0], shape: [1, 5]),
      isReal: ByteTensor([1, 1, 1, 0, 0], shape: [1, 5]), alone(samples: 1))
    expectClose(padded.sliced(axis: 1, 0..<3), short, within: 1e-5)
  }

  @Test func `drops features by sample`() throws {
    let (model, arena) = built {
      BERT(
        vocabulary: 6, positions: 9, width: 8, depth: 2, heads: 2, dropout: 0.2, weightDropout: 0.2,
        in: &$0)
    }
    arena.fillWithNormals()
    let texts = IntTensor([1, 4, 5, 2, 3, 0], shape: [2, 3])
    let pass = alone(training: true)
    let whole = try model.tokens(texts, pass)
    let last = Forward(isTraining: true, exchange: pass.exchange, key: pass.key, slots: [1])
    expectClose(
      try model.tokens(texts.rows(1..<2), last), whole.sliced(axis: 0, 1..<2), within: 1e-4)
    #expect(try model.tokens(texts, alone()).elements != whole.elements)
  }
}

@Suite struct ResNetTests {
  @Test func `has as many parameters as published`() {
    let (_, eighteen) = declared { ResNet(.resNet18, classes: 1000, in: &$0) }
    #expect(eighteen.parameterCount == 11_689_512)
    let (_, thirtyFour) = declared { ResNet(.resNet34, classes: 1000, in: &$0) }
    #expect(thirtyFour.parameterCount == 21_797_672)
    let (_, fifty) = declared { ResNet(.resNet50, classes: 1000, in: &$0) }
    #expect(fifty.parameterCount == 25_557_032)
    #expect(fifty.entries.count == 320)  // names in torchvision's state_dict
  }

  @Test func `has torchvision's names and shapes`() {
    let (_, arena) = built { ResNet(.resNet50, classes: 10, width: 8, in: &$0) }
    let shapes = Dictionary(
      uniqueKeysWithValues: arena.exported().map { ($0.name, $0.tensor.shape) })
    #expect(shapes["conv1.weight"] == [8, 3, 7, 7])
    #expect(shapes["bn1.running_var"] == [8])
    #expect(shapes["layer1.0.downsample.0.weight"] == [32, 8, 1, 1])
    #expect(shapes["layer1.0.downsample.1.num_batches_tracked"] == [])
    #expect(shapes["layer2.0.conv2.weight"] == [16, 16, 3, 3])
    #expect(shapes["layer4.2.bn3.bias"] == [256])
    #expect(shapes["fc.weight"] == [10, 256])
    #expect(shapes["conv1.bias"] == nil)
  }

  @Test func `halves the size by stages, or dilates instead`() throws {
    let x = normal([1, 32, 32, 3], 2)
    func sizes(_ stem: ResNet.Stem, _ outputStride: Int?) throws -> [Int] {
      let (model, _) = built {
        ResNet(.resNet18, width: 4, stem: stem, outputStride: outputStride, in: &$0)
      }
      let maps = try model.features(x, alone(samples: 1))
      #expect(maps.map { $0.shape[3] } == model.channels)
      return maps.map { $0.shape[1] }
    }
    #expect(try sizes(.large, nil) == [8, 4, 2, 1])
    #expect(try sizes(.large, 8) == [8, 4, 4, 4])
    #expect(try sizes(.small, nil) == [32, 16, 8, 4])
    #expect(try sizes(.small, 4) == [32, 16, 8, 8])
  }

  @Test func `reaches every parameter with its gradient`() throws {
    let (model, arena) = built {
      ResNet(.resNet50, classes: 2, width: 4, stem: .small, in: &$0)
    }
    try withTape {
      let y = try model(normal([3, 8, 8, 3], 2), alone(training: true, samples: 3))
      let parameters = Scope(arena).parameters
      let found = try gradients(of: (y * y).sum(), over: parameters.map(\.value))
      for (parameter, gradient) in zip(parameters, found) {
        #expect(gradient.elements.contains { $0 != 0 }, "\(parameter.name)")
        #expect(gradient.elements.allSatisfy { $0.isFinite }, "\(parameter.name)")
      }
    }
  }
}

@Suite struct UNetTests {
  @Test func `has as many parameters as published`() {
    let (_, arena) = declared { UNet(classes: 1, in: &$0) }
    #expect(arena.parameterCount == 17_262_977)  // milesial, 3 channels, bilinear
  }

  @Test func `has the names and shapes of milesial's`() {
    let (_, arena) = built { UNet(classes: 2, width: 4, levels: 2, in: &$0) }
    let shapes = Dictionary(
      uniqueKeysWithValues: arena.exported().map { ($0.name, $0.tensor.shape) })
    #expect(shapes["inc.double_conv.0.weight"] == [4, 3, 3, 3])
    #expect(shapes["down1.maxpool_conv.1.double_conv.3.weight"] == [8, 8, 3, 3])
    #expect(shapes["down2.maxpool_conv.1.double_conv.0.weight"] == [8, 8, 3, 3])
    #expect(shapes["up1.conv.double_conv.0.weight"] == [8, 16, 3, 3])
    #expect(shapes["up1.conv.double_conv.3.weight"] == [4, 8, 3, 3])
    #expect(shapes["up1.conv.double_conv.4.running_mean"] == [4])
    #expect(shapes["up2.conv.double_conv.0.weight"] == [4, 8, 3, 3])
    #expect(shapes["outc.conv.weight"] == [2, 4, 1, 1])
    #expect(shapes["inc.double_conv.0.bias"] == nil)
  }

  @Test func `keeps the size, also an odd one, and in three dimensions`() throws {
    let (flat, _) = built { UNet(classes: 5, width: 4, levels: 2, dropout: 0.1, in: &$0) }
    let pass = alone(training: true)
    #expect(try flat(normal([2, 9, 14, 3], 2), pass).shape == [2, 9, 14, 5])
    #expect(try flat.features(normal([2, 8, 8, 3], 2), pass).shape == [2, 8, 8, 4])
    #expect(
      try flat.encoded(normal([2, 8, 8, 3], 2), pass).map { $0.shape[3] } == flat.channels)
    let (deep, _) = built {
      UNet(
        inputs: 1, classes: 2, width: 4, levels: 1, normalization: .instance, dimensions: 3,
        in: &$0)
    }
    #expect(try deep(normal([1, 4, 5, 6, 1], 2), alone(samples: 1)).shape == [1, 4, 5, 6, 2])
  }

  @Test func `has the right gradients`() throws {
    let (model, arena) = built {
      UNet(
        inputs: 1, classes: 2, width: 2, levels: 1, normalization: .group(2), activation: .silu,
        in: &$0)
    }
    try checkGradients(arena, at: normal([1, 5, 4, 1], 2), step: 3e-3, within: 5e-2) {
      try model($0, alone(samples: 1))
    }
  }
}

@Suite struct ConvolutionalEncoderTests {
  @Test func `gives one row a sample`() throws {
    let (model, arena) = built { ConvolutionalEncoder(widths: [4, 8], in: &$0) }
    #expect(try model(normal([2, 8, 8, 3], 2), alone(training: true)).shape == [2, 8])
    #expect(try model.features(normal([2, 8, 8, 3], 2), alone()).shape == [2, 2, 2, 8])
    #expect(arena.index(named: "stages.1.norm.running_mean") != nil)
  }
}
