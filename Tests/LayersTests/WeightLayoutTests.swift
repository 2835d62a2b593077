import Foundation
import Layers
import Tensors
import Testing

/// What is said of files that do not fit, and what stands around names.
@Suite struct WeightLayoutTests {
  private typealias Item = Safetensors.Item

  @Test func `prefixes come off and go on, below any scope`() throws {
    let theirs = try WeightGolden.read("roberta").file
    for prefix in ["roberta.", "module.", "model."] {
      let file = theirs.map { Item(prefix + $0.name, $0.tensor, as: $0.type) }
      try withFile(file) { files in
        let ours = try layout("roberta").imported(files, into: "text.encoder")
        #expect(ours.prefix == prefix)
        #expect(ours.items.allSatisfy { $0.name.hasPrefix("text.encoder.") })
        try withFile(ours.items + [Item("head.weight", .zeros([2, 2]))]) { mine in
          let back = try layout("roberta").exported(mine, from: "text.encoder", prefix: prefix)
          expectSame(back.items, file)
        }
      }
    }
  }

  @Test func `names of old versions are understood, tables of constants left out`() throws {
    let theirs = try WeightGolden.read("bert").file
    let old = theirs.map { item in
      var item = item
      item.name = "bert." + item.name
      for (today, before) in [("weight", "gamma"), ("bias", "beta")]
      where item.name.hasSuffix("LayerNorm.\(today)") {
        item.name = item.name.dropLast(today.count) + before
      }
      return item
    }
    let positions = Item("bert.embeddings.position_ids", .zeros([1, 12]), as: .int64)
    try withFile(old + [positions]) { files in
      let ours = try layout("bert").imported(files)
      expectSame(ours.items, theirs)
      #expect(ours.leftOut.map(\.name) == ["bert.embeddings.position_ids"])
      #expect(ours.leftOut.map(\.shape) == [[1, 12]])
      #expect(ours.widened.isEmpty)
    }
  }

  @Test func `one tower of CLIP is a model too`() throws {
    let all = try WeightGolden.read("clip").file
    for tower in ["text", "vi"] {
      let theirs = all.filter { $0.name.hasPrefix(tower) }
      try withFile(theirs) { files in
        let ours = try layout("clip").imported(files)
        #expect(ours.items.allSatisfy { $0.name.hasPrefix("visual.") == (tower == "vi") })
        try withFile(ours.items) {
          expectSame(try layout("clip").exported($0).items, theirs)
        }
      }
    }
  }

  @Test func `the query, key and value of Hugging Face's are the rows of one of ours`() throws {
    let theirs = try WeightGolden.read("clip").file
    try withFile(theirs) { files in
      let ours = try layout("clip").imported(files).items
      let packed = try #require(
        ours.first { $0.name == "transformer.resblocks.1.attn.in_proj_bias" })
      let parts = try ["q", "k", "v"].map { part in
        try #require(
          theirs.first { $0.name == "text_model.encoder.layers.1.self_attn.\(part)_proj.bias" })
      }
      #expect(packed.tensor.elements == parts.flatMap(\.tensor.elements))
    }
  }

  @Test func `what is missing, misshapen or unknown is listed`() throws {
    var file = try WeightGolden.read("clip").file
    file.removeAll { $0.name == "vision_model.encoder.layers.1.self_attn.k_proj.weight" }
    let place = try #require(file.firstIndex { $0.name == "text_projection.weight" })
    file[place].tensor = .zeros([12, 15])
    file.append(Item("vision_model.encoder.layers.0.layer_scale1.lambda", .zeros([24])))
    try withFile(file) { files in
      #expect(throws: WeightsError.self) { try layout("clip").imported(files) }
      do { _ = try layout("clip").imported(files) } catch let error as WeightsError {
        #expect(
          error.problem.contains(
            """
              missing (1):
                vision_model.encoder.layers.1.self_attn.k_proj.weight [24, 24]
              of another shape (1):
                text_projection.weight: found [12, 15], expected [12, 16]
              unknown (1):
                vision_model.encoder.layers.0.layer_scale1.lambda [24]
            """), "\(error)")
      }
    }
  }

  @Test func `what a person leaves out is listed and not asked for`() throws {
    let file = try WeightGolden.read("timm-vit").file
    let extra = Item("blocks.0.ls1.gamma", .zeros([24]))
    try withFile(file + [extra]) { files in
      #expect(throws: WeightsError.self) { try layout("timm-vit").imported(files) }
      let ours = try layout("timm-vit").imported(
        files, leavingOut: ["head.", "blocks.0.ls1"])
      #expect(ours.leftOut.map(\.name) == ["blocks.0.ls1.gamma", "head.bias", "head.weight"])
      #expect(!ours.sizes.contains { $0.name == "classes" })
    }
  }

  @Test(arguments: [
    ("clip", "timm-vit", "is not clip"), ("timm-vit", "clip", "is not timm-vit"),
    ("torchvision-resnet", "bert", "is not torchvision-resnet"),
  ])
  func `another model's file is refused`(name: String, file: String, says: String) throws {
    try withFile(try WeightGolden.read(file).file) { files in
      do {
        _ = try layout(name).imported(files)
        Issue.record("was taken")
      } catch let error as WeightsError { #expect(error.problem.hasPrefix(says), "\(error)") }
    }
  }

  @Test(arguments: WeightLayout.all.map(\.name))
  func `sizes that no model can have are refused, also forged ones`(name: String) throws {
    let file =
      name.hasSuffix("resnet")
      ? built { ResNet(.resNet18, classes: 2, width: 4, in: &$0) }.1.exported()
      : try WeightGolden.read(name).file
    for place in stride(from: 0, to: file.count, by: 4) {
      for shape in [[], [0, 0], [1 << 40, 0], [3, 0, 1 << 40], [2, 2, 1, 3]]
      where shape != file[place].tensor.shape {
        var forged = file
        forged[place].tensor = .zeros(shape)
        try withFile(forged) { files in
          #expect(throws: WeightsError.self, "\(file[place].name) \(shape)") {
            try layout(name).imported(files)
          }
        }
      }
    }
  }

  @Test func `positions of no square grid, and sizes between patches, are refused`() throws {
    try withFile(try WeightGolden.read("timm-vit").file) { files in  // 3 × 2 patches
      for size in [(16, 16), (20, 16), (0, 8)] {
        #expect(throws: WeightsError.self) {
          try layout("timm-vit").imported(files, imageSize: size)
        }
      }
    }
    try withFile(try WeightGolden.read("bert").file) { files in
      #expect(throws: WeightsError.self) {
        try layout("bert").imported(files, imageSize: (16, 16))
      }
    }
    try withFile(try WeightGolden.read("clip").file) { files in
      let same = try layout("clip").imported(files, imageSize: (16, 16))
      #expect(same.resampled == nil)
      expectSame(same.items, try layout("clip").imported(files).items)
      let wide = try layout("clip").imported(files, imageSize: (16, 32)).items
      let table = try #require(wide.first { $0.name == "visual.positional_embedding" })
      #expect(table.tensor.shape == [33, 24])
    }
  }

  @Test func `an index is compared with its shards`() throws {
    let items = try WeightGolden.read("bert").file
    try withTemporaryFolder { folder in
      try Safetensors.write(Array(items[..<20]), to: folder + "/a.safetensors")
      try Safetensors.write(Array(items[20...]), to: folder + "/b.safetensors")
      let index = folder + "/model.safetensors.index.json"
      func write(_ map: [(String, String)]) throws {
        let pairs = map.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
        try Data("{\"metadata\": {\"a\": [1]}, \"weight_map\": {\(pairs)}}".utf8)
          .write(to: URL(filePath: index))
      }
      let right = items.enumerated().map { ($1.name, $0 < 20 ? "a.safetensors" : "b.safetensors") }
      try write(right)
      expectSame(try layout("bert").imported(WeightFiles(path: folder)).items, items)

      try write(right.map { ($0.0, "a.safetensors") })
      #expect(throws: WeightsError.self) { try WeightFiles(path: index) }
      try write(right.map { ($0.0, "../a.safetensors") })
      #expect(throws: WeightsError.self) { try WeightFiles(path: index) }
      try write(right.map { ($0.0, "c.safetensors") })
      #expect(throws: FileError.self) { try WeightFiles(path: index) }
      try write([])
      #expect(throws: WeightsError.self) { try WeightFiles(path: index) }
      try Safetensors.write(Array(items[19...]), to: folder + "/b.safetensors")
      try write(right)
      #expect(throws: WeightsError.self) { try WeightFiles(path: index) }
    }
    #expect(throws: WeightsError.self) { try WeightFiles(path: "/tmp") }
  }

  // MARK: - Files

  private func withFile(_ items: [Item], _ body: (WeightFiles) throws -> Void) throws {
    try withTemporaryFile { path in
      try Safetensors.write(items, to: path)
      try body(WeightFiles(path: path))
    }
  }

  private func expectSame(
    _ found: [Item], _ expected: [Item], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let sorted = found.sorted { $0.name < $1.name }
    #expect(
      sorted.map(\.name) == expected.map(\.name).sorted(), sourceLocation: sourceLocation)
    for (a, b) in zip(sorted, expected.sorted(by: { $0.name < $1.name })) {
      #expect(
        a.tensor.shape == b.tensor.shape && a.tensor.elements == b.tensor.elements
          && a.type == b.type, "\(a.name)", sourceLocation: sourceLocation)
    }
  }
}
